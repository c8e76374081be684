import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { exitCodeOf } from '../../../src/failures.js';
import { infoElement } from '../../../src/protocol/disco.js';
import { NS_IBB } from '../../../src/protocol/ibb/stanzas.js';
import { NS_JINGLE_MESSAGE } from '../../../src/protocol/jingle/message-initiation.js';
import { keyForm } from '../../../src/protocol/seal/announced-key.js';
import { NS_SEAL } from '../../../src/protocol/seal/handshake.js';
import { formatKey } from '../../../src/protocol/seal/public-key.js';
import { SI_FEATURES } from '../../../src/protocol/si/stanzas.js';
import { ownHints } from '../../../src/session/hints.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost, StanzaSession } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { probe } from '../../../src/transfer/finding/probe.js';
import type { SealingOptions } from '../../../src/transfer/keys/sealing.js';
import { type Lane, NS_SEALED_LANE } from '../../../src/transfer/lane/lane.js';
import { RecipientUnreachable } from '../../../src/transfer/recipient-errors.js';
import { jingle } from '../../../src/transfer/ways/jingle.js';
import { ManualClock, settled } from '../../support/manual-clock.js';
import { keyOfNumber, memoryTrust, sendingBy } from '../../support/sealing.js';

const JULIET = 'juliet@capulet.example';
const INBAND = `${JULIET}/inband`;
const DESK = `${JULIET}/desk`;
const PHONE = `${JULIET}/phone`;

interface Client {
  key?: Buffer;
  features: readonly string[];
  /** Category and type. Default: `client/pc`. */
  identity?: string;
  name?: string;
  /** What it answers to the question for its version. */
  software?: { name?: string; version?: string };
  /** Milliseconds that each ping takes, in turn. */
  pings?: number[];
  /** It answers none. */
  isMute?: boolean;
}

/** Romeo in a world whose server answers for everybody. */
function romeoAmong(
  clients: Record<string, Client>,
  seen: string[] = [],
  sealing: Partial<SealingOptions> = {},
  lane?: Lane,
) {
  const sent: string[] = [];
  const said: string[] = [];
  const clock = new ManualClock();
  const answer = async (to: string, question: string): Promise<Element | undefined> => {
    const client = clients[to];
    if (!client) return undefined;
    const { features, identity = 'client/pc', name = '', software, pings = [], key } = client;
    const [category = '', type = ''] = identity.split('/');
    if (question === 'http://jabber.org/protocol/disco#info') {
      const forms = key ? [keyForm(key)] : [];
      return infoElement({ identity: { category, type, name }, features, forms });
    }
    if (question === 'urn:xmpp:ping') await clock.advance(pings.shift() ?? 0);
    const fields = Object.entries(software ?? {}).map(([key, text]) => xml(key, {}, text));
    return question === 'jabber:iq:version' && software
      ? xml('query', { xmlns: question }, ...fields)
      : undefined;
  };
  const session: StanzaSession = new StanzaSession('romeo@montague.example/orchard', {
    write: async ({ name, attrs: { to = '', id }, children }) => {
      const [asked] = children as Element[];
      sent.push(`${name} ${to}`);
      if (name === 'presence') {
        for (const from of seen) session.receive(xml('presence', { from }));
        return;
      }
      if (clients[to]?.isMute && asked?.getNS() === 'urn:xmpp:ping') return;
      const payload = await answer(to, asked?.getNS() ?? '');
      const error = new StanzaError('cancel', 'service-unavailable').toElement();
      const type = payload ? 'result' : 'error';
      session.receive(xml('iq', { type, from: to, id }, payload ?? error));
    },
    close: async () => undefined,
  });
  const { signal } = new AbortController();
  const ask = (jid: string) =>
    probe(session, jid, {
      ...{ signal, note: (text) => said.push(text), clock },
      ...{ sealing: sendingBy({ encrypt: 'auto', ...sealing }), lane },
    });
  return { session, ask, sent, said };
}

const ABLE = [...jingle.features, ...SI_FEATURES, NS_IBB];

test('tells of the one named its program, its ways, the median round trip and the choice', async () => {
  const software = { name: 'Psi', version: '1.5' };
  const { ask } = romeoAmong({ [DESK]: { features: ABLE, software, pings: [900, 20, 31] } });
  expect(await ask('Juliet@capulet.example/desk')).toEqual({
    resources: [
      {
        peer: DESK,
        client: 'Psi',
        version: '1.5',
        ways: ['jingle', 'si', 'ibb'],
        roundTripMs: 31,
        via: 'jingle',
        why: 'it is the one named',
        remark: expect.stringContaining('50 ms'),
      },
    ],
  });
});

describe('of what is not told there is a note', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  test('where it is refused, and where it does not come', async () => {
    const { ask, said } = romeoAmong({ [DESK]: { features: ABLE, isMute: true } });
    const asked = ask(DESK);
    await jest.advanceTimersByTimeAsync(120_000);
    expect((await asked).resources).toHaveLength(1);
    expect(said).toEqual([
      `the version of what runs at ${DESK} is not told (service-unavailable)`,
      expect.stringMatching(`^the round trip to ${DESK} is not told \\(no answer from `),
    ]);
  });
});

test('takes the name from service discovery where no version is told', async () => {
  const { ask, said } = romeoAmong({ [DESK]: { features: [NS_IBB], name: 'Dino' } });
  const { resources } = await ask(DESK);
  expect(resources).toMatchObject([{ client: 'Dino', remark: expect.stringContaining('Dino') }]);
  expect(resources[0]).not.toHaveProperty('version');
  expect(said.at(-1)).toBe(`the version of what runs at ${DESK} is not told (service-unavailable)`);
});

test('shows what Dino says and what becomes of it, and that nothing would be sent to it (R75)', async () => {
  for (const jid of [DESK, JULIET]) {
    const { ask } = romeoAmong({ [DESK]: { features: ABLE, name: 'Dino' } }, [DESK]);
    const { resources, nobody } = await ask(jid);
    expect(resources).toMatchObject([
      {
        client: 'Dino',
        ways: ['jingle', 'si', 'ibb'],
        remark: expect.stringContaining('keeps nothing'),
      },
    ]);
    expect(resources[0]).not.toHaveProperty('via');
    expect(ownHints(nobody as Error).join()).toMatch(
      /desk would lose the file: Dino .* keeps nothing of it/,
    );
  }
});

test('tells what reaches one that takes files by SOCKS5 alone, of which nothing is sent without (R890)', async () => {
  const features = [...jingle.features.slice(0, 2), 'urn:xmpp:jingle:transports:s5b:1'];
  for (const jid of [DESK, JULIET]) {
    const { ask } = romeoAmong({ [DESK]: { features } }, [DESK]);
    const { resources, nobody } = await ask(jid);
    expect(resources).toMatchObject([{ peer: DESK, ways: [] }]);
    expect(resources[0]).not.toHaveProperty('via');
    const hint =
      '"inband send --plain-s5b" reaches it, not encrypted: whoever carries it can read and change it';
    expect(ownHints(nobody as Error)).toContain(hint);
  }
});

test('tells of one whose server answers in its place no ways, and which one would be tried first (R74)', async () => {
  const { ask } = romeoAmong({ [DESK]: { features: [], identity: 'account/registered' } });
  expect((await ask(DESK)).resources).toMatchObject([
    {
      peer: DESK,
      ways: [],
      via: 'jingle',
      why: 'its server answers in its place, so that each way would be tried',
    },
  ]);
});

test('cuts names and versions that are too long for a line', async () => {
  const long = 'x'.repeat(10_000);
  const software = { name: long, version: long };
  const { ask } = romeoAmong({ [DESK]: { features: [], software } });
  const [one] = (await ask(DESK)).resources;
  expect(one?.client).toHaveLength(100);
  expect(one?.version).toHaveLength(100);
  const { ask: askAgain } = romeoAmong({ [DESK]: { features: [], name: long } });
  expect((await askAgain(DESK)).resources[0]?.client).toHaveLength(100);
});

test('of one who is named and says nothing of files, a bare bytestream is what is left', async () => {
  const { ask } = romeoAmong({ [DESK]: { features: [] } });
  const { resources, nobody } = await ask(DESK);
  const why = 'it does not say that it takes files; bytes in the stream would be tried';
  expect(resources).toMatchObject([{ peer: DESK, ways: [], via: 'ibb', why }]);
  expect(nobody).toBeUndefined();
});

test('one who is named and answers nothing is nobody', async () => {
  const { resources, nobody } = await romeoAmong({}).ask(DESK);
  expect(resources).toEqual([]);
  expect(nobody).toBeInstanceOf(RecipientUnreachable);
  // No file was offered.
  expect(nobody?.message).toBe(`nobody at ${DESK} was found who takes files (service-unavailable)`);
  expect(ownHints(nobody as Error).join()).toContain(`${DESK}: service-unavailable`);
  expect(ownHints(nobody as Error).join()).not.toContain('propose');
});

describe('of a bare JID', () => {
  test('says why the ablest is chosen, and what would become of one that nobody sees', async () => {
    const { resources } = await romeoAmong({ [DESK]: { features: ABLE } }, [DESK]).ask(JULIET);
    expect(resources).toMatchObject([{ why: 'it takes files best of those that are seen' }]);
    const { nobody } = await romeoAmong({}).ask(JULIET);
    expect(ownHints(nobody as Error)).toContain(
      '"inband send" would propose a file to all that are not seen',
    );
  });

  const choices = async (clients: Record<string, Client>, seen: string[]) => {
    const { resources } = await romeoAmong(clients, seen).ask(JULIET);
    return resources.map(({ peer, via }) => [peer, via]);
  };

  test('the resource inband is chosen, and the others are told of', async () => {
    const clients = { [INBAND]: { features: [NS_IBB] }, [DESK]: { features: ABLE } };
    expect(await choices(clients, [INBAND, DESK])).toEqual([
      [INBAND, 'ibb'],
      [DESK, undefined],
    ]);
  });

  test('else the ablest', async () => {
    const clients = { [DESK]: { features: SI_FEATURES }, [PHONE]: { features: ABLE } };
    expect(await choices(clients, [DESK, PHONE])).toEqual([
      [DESK, undefined],
      [PHONE, 'jingle'],
    ]);
  });

  test('several that may proceed are each a choice; of others, the first', async () => {
    const proceeding = { features: [...ABLE, NS_JINGLE_MESSAGE] };
    expect(await choices({ [DESK]: proceeding, [PHONE]: proceeding }, [DESK, PHONE])).toEqual([
      [DESK, 'jingle'],
      [PHONE, 'jingle'],
    ]);
    const { resources } = await romeoAmong({ [DESK]: proceeding, [PHONE]: proceeding }, [
      DESK,
      PHONE,
    ]).ask(JULIET);
    expect(resources[0]?.why).toBe('if it is the first to answer a proposal');
    const able = { features: ABLE };
    expect(await choices({ [DESK]: able, [PHONE]: able }, [DESK, PHONE])).toEqual([
      [DESK, 'jingle'],
      [PHONE, undefined],
    ]);
  });

  test('those who are seen and take no files, or answer nothing, are told of, with why nobody is chosen', async () => {
    const { ask } = romeoAmong({ [DESK]: { features: ['urn:chat'] } }, [DESK, PHONE]);
    const { resources, nobody } = await ask(JULIET);
    expect(resources).toEqual([
      { peer: DESK, ways: [], roundTripMs: 0 },
      { peer: PHONE, ways: [] },
    ]);
    expect(ownHints(nobody as Error).join()).toContain(`${DESK} takes no files in the stream`);
    expect(ownHints(nobody as Error).join()).toContain(`${PHONE}: service-unavailable`);
  });

  test('nobody is sent anything but questions', async () => {
    const proceeding = { features: [...ABLE, NS_JINGLE_MESSAGE] };
    for (const seen of [[], [DESK, PHONE]]) {
      const { ask, sent } = romeoAmong({ [DESK]: proceeding, [PHONE]: proceeding }, seen);
      await ask(JULIET);
      const names = new Set(sent.map((one) => one.split(' ')[0]));
      expect([...names].sort()).toEqual(['iq', 'presence']);
    }
  });
});

test('ends with the session', async () => {
  const { ask, session } = romeoAmong({ [DESK]: { features: ABLE } });
  const asking = ask(DESK);
  const lost = new ConnectionLost('cut');
  session.end(lost);
  await expect(asking).rejects.toBe(lost);
  await settled();
});

test.each([
  ['new', [], true],
  ['known', [{ number: 2, isVerified: false }], true],
  ['verified', [{ number: 2, isVerified: true }], true],
  ['CHANGED', [{ number: 3, isVerified: false }], true],
  ['CHANGED', [{ number: 2, isVerified: true }], false],
])(
  'tells of a key that it is %s, where %j is known and it is there: %j (R370)',
  async (trust, known, isThere) => {
    const trusted = memoryTrust();
    const keys = known.map(({ number, isVerified }) => ({
      ...{ key: formatKey(keyOfNumber(number).publicKey), isVerified },
      since: new Date(0),
    }));
    if (keys.length > 0) trusted.of.set('juliet@capulet.example', keys);
    const key = keyOfNumber(2).publicKey;
    const client = isThere ? { features: [...ABLE, NS_SEAL], key } : { features: ABLE };
    const { ask } = romeoAmong({ [DESK]: client }, [], { trusted });
    const { resources } = await ask(DESK);
    expect(resources).toMatchObject([{ trust, ...(isThere ? { peerKey: formatKey(key) } : {}) }]);
  },
);

describe('a key that send would refuse', () => {
  const [HERS, OTHER] = [keyOfNumber(2).publicKey, keyOfNumber(3).publicKey];
  const known = () => {
    const trusted = memoryTrust();
    const of = { key: formatKey(HERS), isVerified: false, since: new Date(0) };
    trusted.of.set(JULIET, [of]);
    return { trusted };
  };
  const able = { features: [...ABLE, NS_SEAL, NS_JINGLE_MESSAGE] };

  test.each<[string, Client, string]>([
    [
      'another one',
      { ...able, key: OTHER },
      `${JULIET} has another key than before: ${formatKey(OTHER)}`,
    ],
    [
      'none any more',
      { features: ABLE },
      `${DESK} has no key, though one of ${JULIET} is known here, so that nothing can be encrypted for it`,
    ],
    ['a malformed one', able, `${DESK} announces its key in a way that no inband does`],
  ])('%s: it is said, and the end is that of send (R1074)', async (_, client, refused) => {
    const { resources, nobody } = await romeoAmong({ [DESK]: client }, [], known()).ask(DESK);
    expect(resources).toMatchObject([{ trust: 'CHANGED', refused }]);
    expect(resources[0]).not.toHaveProperty('via');
    expect([nobody?.message, exitCodeOf(nobody as Error)]).toEqual([refused, 11]);
  });

  test('is said of one of two that may proceed, and is no failure (R1074)', async () => {
    const clients = { [DESK]: { ...able, key: OTHER }, [PHONE]: { ...able, key: HERS } };
    const { resources, nobody } = await romeoAmong(clients, [DESK, PHONE], known()).ask(JULIET);
    expect(resources).toMatchObject([{ refused: expect.any(String) }, { via: 'jingle' }]);
    expect(nobody).toBeUndefined();
  });
});

test('the key of this machine is known for the own account, from the start (R1075)', async () => {
  const [ours, own] = ['romeo@montague.example/inband', keyOfNumber(1)];
  const clients = { [ours]: { features: [...ABLE, NS_SEAL], key: own.publicKey } };
  const ask = (number: number) =>
    romeoAmong(clients, [], { own: async () => keyOfNumber(number) }).ask(ours);
  expect((await ask(1)).resources).toMatchObject([{ trust: 'known', via: 'jingle' }]);
  expect((await ask(2)).resources).toMatchObject([{ trust: 'new', via: 'jingle' }]);
});

describe('of an encrypted file it is told what carries it, or why nothing does beside the stream:', () => {
  const laneTo = (ways: string[]) => ({ waysTo: async () => ways }) as unknown as Lane;
  const told = async (lane: Lane | undefined, ...features: string[]) => {
    const client = { features: [...ABLE, NS_SEAL, ...features], key: keyOfNumber(2).publicKey };
    const { resources } = await romeoAmong({ [DESK]: client }, [], {}, lane).ask(DESK);
    const { lanes, inBand } = resources[0] ?? {};
    return lanes ?? inBand;
  };

  test.each<[string, Lane | undefined, string[], string[] | string]>([
    ['proxies', laneTo(['p.example']), [NS_SEALED_LANE], ['p.example']],
    [
      'none',
      laneTo([]),
      [NS_SEALED_LANE],
      'your server tells of no proxy, and --direct lets you meet in no other way',
    ],
    ['it takes none', laneTo(['p.example']), [], 'what runs there takes no files by it'],
    ['.onion', undefined, [NS_SEALED_LANE], 'all that you send stays inside of it'],
  ])('%s (R1095)', async (_, lane, features, expected) => {
    expect(await told(lane, ...features)).toEqual(expected);
  });
});
