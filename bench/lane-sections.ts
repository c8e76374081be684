// Files beside the XMPP stream (XEP-0065), and inside of it for comparison.
import { SHIPPED_RATE as EJABBERDS_RATE, startEjabberd } from '../test/support/servers/ejabberd.js';
import { SHIPPED_RATE as PROSODYS_RATE, startProsody } from '../test/support/servers/prosody.js';
import { inband } from './contestants.js';
import type { Section } from './section.js';

const MB = 1_000_000;
const IN_BAND = inband(['--transport', 'ibb']);
const LANE = inband(['--transport', 's5b']);

const both = (beside: number, inside: number): Section['contestants'] => [
  ['beside the stream', LANE, beside],
  ['in-band', IN_BAND, inside],
];

export const LANE_SECTIONS: Section[] = [
  {
    title: 'Proxy of a Prosody that limits clients to 10 kB/s, as shipped',
    server: () => startProsody({ proxy: true, rateLimit: PROSODYS_RATE }),
    contestants: both(256 * MB, 0.1 * MB),
  },
  ...[0, 50].map((roundTrip) => ({
    title: `Proxy of a Prosody without limits, round trip ${roundTrip || '~0'} ms to the stream`,
    server: () => startProsody({ proxy: true }),
    roundTrip,
    contestants: both(256 * MB, 48 * MB),
  })),
  {
    title: 'Proxy of an ejabberd that limits clients to 3 kB/s, as shipped',
    server: () => startEjabberd({ proxy: true, rateLimit: EJABBERDS_RATE }),
    contestants: both(512 * MB, 0.04 * MB),
  },
  {
    title: 'Directly between machines of one account',
    server: startProsody,
    to: 'alice',
    contestants: both(512 * MB, 48 * MB),
  },
  {
    title: 'Beside the stream, memory',
    server: () => startEjabberd({ proxy: true }),
    contestants: [
      ['beside the stream, 512 MiB', LANE, 512 * 2 ** 20],
      ['in-band, 512 MiB', IN_BAND, 512 * 2 ** 20],
    ],
  },
];
