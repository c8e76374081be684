import { describe, expect, test } from '@jest/globals';
import type { Transport } from '../../../src/protocol/jingle/transports/transport.js';
import { ownHints } from '../../../src/session/hints.js';
import type { Lane } from '../../../src/transfer/lane/lane.js';
import type { WantedTransport } from '../../../src/transfer/lane/names.js';
import { type BesideInClear, transportsFor } from '../../../src/transfer/lane/transports-for.js';
import { WayRefused } from '../../../src/transfer/recipient-errors.js';
import { JULIET } from '../../support/linked-sessions.js';

const FILM = { name: 'film.mkv', size: 3_000_000 };
const { signal } = new AbortController();
/** She takes files beside the stream, or not. */
const HERS = { peer: JULIET, hasLane: true } as const;
const HERS_WITHOUT = { peer: JULIET } as const;

const laneThat = (mayReach: boolean, isWorthwhile = true, mayBePlain = false) =>
  ({
    isWorthwhile: () => isWorthwhile,
    mayReach: async () => mayReach,
    mayBePlain,
  }) as unknown as Lane;

const BESIDE = { outside: (element: unknown) => element } as unknown as Transport;
const IN_BAND = {} as Transport;

/** What a film may go by. */
async function taken(
  how: { isSealed: boolean; transport: WantedTransport; besideInClear?: BesideInClear },
  lane: Lane | undefined = laneThat(true),
  recipient: { peer: string; hasLane?: true; isOurs?: boolean } = HERS,
) {
  const may = await transportsFor(FILM, { ...recipient, ...how, signal }, lane);
  return { beside: may(BESIDE), inBand: may(IN_BAND) };
}

const BOTH = { beside: true, inBand: true };
const STREAM = { beside: false, inBand: true };
const ALONE = { beside: true, inBand: false };

describe('a file may go', () => {
  test('beside the stream, and in-band behind it', async () => {
    expect(await taken({ isSealed: true, transport: 'auto' })).toEqual(BOTH);
  });

  test('beside it alone where that is asked for, whatever it is worth', async () => {
    const lane = laneThat(true, false);
    expect(await taken({ isSealed: true, transport: 's5b' }, lane)).toEqual({
      beside: true,
      inBand: false,
    });
  });

  test('in-band alone where there is no other way, or it is not worth it', async () => {
    expect(await taken({ isSealed: true, transport: 'ibb' })).toEqual(STREAM);
    expect(await taken({ isSealed: false, transport: 'auto' })).toEqual(STREAM);
    expect(
      await taken({ isSealed: true, transport: 'auto' }, laneThat(true), HERS_WITHOUT),
    ).toEqual(STREAM);
    expect(await taken({ isSealed: true, transport: 'auto' }, laneThat(false))).toEqual(STREAM);
    expect(await taken({ isSealed: true, transport: 'auto' }, laneThat(true, false))).toEqual(
      STREAM,
    );
  });
});

describe('a file that is not sealed', () => {
  const plainly = (
    besideInClear: BesideInClear,
    transport: WantedTransport = 'auto',
    lane = laneThat(true),
  ) => taken({ isSealed: false, transport, besideInClear }, lane);

  test('may go beside the stream, and in-band behind it, where the recipient takes both (R891)', async () => {
    expect(await plainly('too')).toEqual(BOTH);
    expect(await plainly('too', 'auto', laneThat(true, false))).toEqual(STREAM);
    expect(await plainly('too', 'auto', laneThat(false))).toEqual(STREAM);
    expect(await plainly('too', 's5b')).toEqual(ALONE);
    expect(await plainly(undefined)).toEqual(STREAM);
  });

  test('goes beside it alone to those who take or keep it so alone, whatever it is worth (R891, R895)', async () => {
    expect(await plainly('only')).toEqual(ALONE);
    expect(await plainly('only', 'auto', laneThat(true, false))).toEqual(ALONE);
    const error = await plainly('only', 'auto', laneThat(false)).catch((error) => error);
    expect(error).toBeInstanceOf(WayRefused);
    expect(error.message).toContain('your server, which is theirs, tells of no proxy');
    expect(ownHints(error)).toEqual([
      '--via http leaves it on your server, not encrypted, with a link',
    ]);
  });

  test('does not go so where the recipient can open what is sealed (R894)', async () => {
    const sealed = { isSealed: true, transport: 'auto', besideInClear: 'too' } as const;
    expect(await taken(sealed, laneThat(true), HERS_WITHOUT)).toEqual(STREAM);
  });
});

test('what is to go beside the stream alone is refused where nothing may', async () => {
  const how = { ...HERS, isSealed: true, transport: 's5b', signal } as const;
  await expect(transportsFor(FILM, how, undefined)).rejects.toThrow(
    'all that you send stays inside of it',
  );
});

describe('that nothing goes beside the stream is told with the reason, where that is wanted:', () => {
  const refused = (...args: Parameters<typeof taken>) => taken(...args).catch((error) => error);

  test.each<[string, string, Parameters<typeof taken>]>([
    [
      'it would not be encrypted',
      'only what is encrypted does without --plain-s5b, and this file would not be',
      [{ isSealed: false, transport: 's5b' }],
    ],
    [
      'the recipient takes none in the clear',
      'what runs there takes no files by it',
      [{ isSealed: false, transport: 's5b' }, laneThat(true, true, true)],
    ],
    ...[true, false].map((mayBePlain): [string, string, Parameters<typeof taken>] => [
      `both are inbands, and nothing is encrypted (--plain-s5b: ${mayBePlain})`,
      'between two inbands only what is encrypted goes so, and this file would not be',
      [
        { isSealed: false, transport: 's5b' },
        laneThat(true, true, mayBePlain),
        { ...HERS_WITHOUT, isOurs: true },
      ],
    ]),
    [
      'the recipient knows no such way',
      'what runs there takes no files by it',
      [{ isSealed: true, transport: 's5b' }, laneThat(true), HERS_WITHOUT],
    ],
    [
      'no proxy is known',
      'your server, which is theirs, tells of no proxy, and --direct does not let you meet directly',
      [{ isSealed: true, transport: 's5b' }, laneThat(false)],
    ],
  ])('%s (R824, R1252)', async (_what, why, args) => {
    const error = await refused(...args);
    expect(error).toBeInstanceOf(WayRefused);
    expect(error.message).toContain(`nothing goes to ${JULIET} beside the XMPP stream: ${why}`);
    expect(ownHints(error)).toEqual(['--transport auto sends it in-band']);
  });
});
