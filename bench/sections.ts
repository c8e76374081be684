import { startEjabberd } from '../test/support/servers/ejabberd.js';
import { startProsody } from '../test/support/servers/prosody.js';
import { inband, python, raw } from './contestants.js';
import { LANE_SECTIONS } from './lane-sections.js';
import type { Section } from './section.js';
import { UPLOAD_SECTIONS } from './uploads.js';

export const MB = 1_000_000;

const slixmpp = python('slixmpp');
const aioxmpp = python('aioxmpp');
const limited = () => startProsody({ rateLimit: '10kb/s' });

/** Bytes in a block whose stanza just fills fifteen records, and which each server takes. */
export const LARGE = 45_900;

export const SECTIONS: Section[] = [
  {
    title: 'Prosody, round trip ~0, iq',
    server: startProsody,
    contestants: [
      ['inband', inband(), 48 * MB],
      ['inband --block-size 4096', inband(['--block-size', '4096']), 24 * MB],
      [
        'inband --block-size 4096 --window 1',
        inband(['--block-size', '4096', '--window', '1']),
        8 * MB,
      ],
      ['slixmpp', slixmpp, 4 * MB],
      ['aioxmpp', aioxmpp, MB],
      ['ceiling, 4096, window 1', raw(1), 16 * MB],
      ['ceiling, 4096, window 64', raw(64), 16 * MB],
      ['ceiling, aligned, window 4', raw(4, LARGE), 64 * MB],
      ['ceiling, aligned, window 64', raw(64, LARGE), 64 * MB],
    ],
  },
  ...[10, 50, 150].map((roundTrip) => ({
    title: `Prosody, round trip ${roundTrip} ms, iq`,
    server: startProsody,
    roundTrip,
    contestants: [
      ['inband', inband(), 48 * MB],
      ['slixmpp', slixmpp, 0.1 * MB],
      ['aioxmpp', aioxmpp, 0.1 * MB],
      ['ceiling, 4096, window 256', raw(256), 32 * MB],
      ['ceiling, aligned, window 64', raw(64, LARGE), 64 * MB],
    ] as Section['contestants'],
  })),
  {
    title: 'Prosody, round trip ~0, messages',
    server: startProsody,
    mode: 'message',
    contestants: [
      ['inband', inband(), 48 * MB],
      ['slixmpp', slixmpp, 8 * MB],
      ['aioxmpp', aioxmpp, 2 * MB],
      ['ceiling, 4096', raw(1), 16 * MB],
      ['ceiling, aligned', raw(1, LARGE), 64 * MB],
    ],
  },
  {
    title: 'ejabberd, round trip ~0, iq',
    server: startEjabberd,
    contestants: [
      ['inband', inband(), 128 * MB],
      ['inband --block-size 4096', inband(['--block-size', '4096']), 64 * MB],
      ['slixmpp', slixmpp, 8 * MB],
      ['ceiling, 4096, window 64', raw(64), 64 * MB],
      ['ceiling, aligned, window 64', raw(64, LARGE), 128 * MB],
    ],
  },
  ...[10, 50, 150].map((roundTrip) => ({
    title: `ejabberd, round trip ${roundTrip} ms, iq`,
    server: startEjabberd,
    roundTrip,
    contestants: [
      ['inband', inband(), 64 * MB],
      ['ceiling, 4096, window 256', raw(256), 64 * MB],
      ['ceiling, aligned, window 64', raw(64, LARGE), 64 * MB],
    ] as Section['contestants'],
  })),
  ...(
    [
      ['Prosody', startProsody],
      ['ejabberd', startEjabberd],
    ] as const
  ).map(([name, server]) => ({
    title: `What the seal costs in-band, ${name}, round trip ~0`,
    server,
    contestants: [
      ['sealed', inband(['--transport', 'ibb']), 48 * MB],
      ['in the clear', inband(['--transport', 'ibb', '--encrypt', 'off']), 48 * MB],
    ] as Section['contestants'],
  })),
  {
    title: 'Prosody limiting clients to 10 kB/s, iq',
    server: limited,
    contestants: [['inband', inband(), 0.2 * MB]],
  },
  ...(['iq', 'message'] as const).map((mode) => ({
    title: `ejabberd, memory, ${mode}`,
    server: startEjabberd,
    mode,
    contestants: [
      ['inband, 16 MiB', inband(), 16 * 2 ** 20],
      ['inband, 512 MiB', inband(), 512 * 2 ** 20],
    ] as Section['contestants'],
  })),
  ...LANE_SECTIONS,
  ...UPLOAD_SECTIONS,
];
