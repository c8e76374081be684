import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { infoElement, NS_DISCO_INFO } from '../../../src/protocol/disco.js';
import { NS_IBB } from '../../../src/protocol/ibb/stanzas.js';
import {
  NS_ALREADY_THERE,
  NS_FILE_TRANSFER,
} from '../../../src/protocol/jingle/file-description.js';
import { NS_PATH } from '../../../src/protocol/jingle/file-path.js';
import { NS_JINGLE_MESSAGE } from '../../../src/protocol/jingle/message-initiation.js';
import { NS_JINGLE } from '../../../src/protocol/jingle/stanzas.js';
import { caps } from '../../../src/protocol/presence/caps.js';
import { keyForm } from '../../../src/protocol/seal/announced-key.js';
import { NS_SEAL } from '../../../src/protocol/seal/handshake.js';
import { ownHints } from '../../../src/session/hints.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost, StanzaSession } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { findRecipients } from '../../../src/transfer/finding/find-recipient.js';
import { NS_KEEPS_FILES } from '../../../src/transfer/finding/receiver.js';
import { resourceOf } from '../../../src/transfer/finding/resource.js';
import {
  NotInStream,
  RecipientRefused,
  RecipientUnreachable,
} from '../../../src/transfer/recipient-errors.js';
import { jingle } from '../../../src/transfer/ways/jingle.js';
import { WAY_NAMES, type WayName } from '../../../src/transfer/ways/names.js';
import type { Recipient } from '../../../src/transfer/ways/way.js';
import { wayNamed } from '../../../src/transfer/ways/ways.js';
import { settled } from '../../support/manual-clock.js';

const JULIET = 'juliet@capulet.example';
/** What those advertise who take files by it. */
const SOCKS5 = [NS_JINGLE, NS_FILE_TRANSFER, 'urn:xmpp:jingle:transports:s5b:1'];
const ABLE = [...jingle.features, NS_IBB, NS_JINGLE_MESSAGE];

interface World {
  /** Who answers service discovery, with these features, or with nothing at all. */
  features?: Record<string, readonly string[] | 'mute' | 'account'>;
  /** What their programs call themselves. */
  names?: Record<string, string>;
  /** The resources that Romeo sees, with what their presence says of their capabilities. */
  seen?: Record<string, Element | undefined>;
  /** What the resources of this world say to a proposal, each with its sender. */
  answers?: [from: string, name: 'proceed' | 'reject', reason?: string][];
  /** Romeo sends beside the stream in the clear, too. */
  mayBePlain?: boolean;
  /** What the server makes of an address. */
  written?: (jid: string) => string;
}

/** Romeo in a world whose server answers for everybody, and bounces what nobody is there for. */
function romeoIn({
  features = {},
  names = {},
  seen = {},
  answers = [],
  mayBePlain,
  written = (jid) => jid,
}: World) {
  const sent: string[] = [];
  const said: string[] = [];
  const discover = (typed: string, id: string | undefined) => {
    const to = written(typed);
    const known = features[to];
    if (known === 'mute') return;
    const error = new StanzaError('cancel', 'service-unavailable').toElement();
    const type = known ? 'result' : 'error';
    const payload = known === 'account' ? ACCOUNT : known ? infoOf(known, names[to]) : error;
    session.receive(xml('iq', { type, from: to, id }, payload));
  };
  const probe = (to: string) => {
    const some = Object.entries(seen);
    if (some.length === 0) session.receive(xml('presence', { from: to, type: 'unavailable' }));
    for (const [from, element] of some) session.receive(xml('presence', { from }, element));
  };
  const propose = (to: string, id: string | undefined) => {
    for (const [from, name, why] of answers) {
      const reason = why && xml('reason', { xmlns: 'urn:xmpp:jingle:1' }, xml(why));
      const answer = xml(name, { xmlns: NS_JINGLE_MESSAGE, id }, reason);
      session.receive(xml('message', { from }, answer));
    }
    if (answers.length === 0) session.receive(xml('message', { type: 'error', from: to, id }));
  };
  const session: StanzaSession = new StanzaSession(`romeo@montague.example/orchard`, {
    write: async ({ name, attrs: { to = '', id }, children }) => {
      const [said] = children as Element[];
      sent.push(`${said?.attrs.node ? 'caps' : (said?.getName() ?? 'probe')} ${to}`);
      if (name === 'iq') discover(to, id);
      else if (name === 'presence') probe(to);
      else if (said?.getName() === 'propose') propose(to, id);
    },
    close: async () => undefined,
  });
  const enough = new AbortController();
  const search = (jid: string, ...via: (WayName | undefined)[]) =>
    findRecipients(session, jid, {
      via: via[0] && via.map((one) => wayNamed(one as WayName)),
      signal: enough.signal,
      note: (text) => said.push(text),
      mayBePlain,
    });
  const find = async (...args: Parameters<typeof search>) => {
    const { value } = await search(...args).next();
    return named(value as Recipient);
  };
  /** All who are found, one after the other. */
  const findAll = async (...args: Parameters<typeof search>) => {
    const found: ReturnType<typeof named>[] = [];
    for await (const one of search(...args)) found.push(named(one));
    return found;
  };
  return { session, sent, said, find, findAll, enough };
}

/** The ways by their names. */
const named = ({ ways, beside, ...others }: Recipient) => ({
  ...others,
  ways: ways.map(({ name }) => name),
  ...(beside ? { beside: [...beside].map(([{ name }, how]) => [name, how]) } : {}),
});

const info = (features: readonly string[], name = 'x') => ({
  identity: { category: 'client', type: 'bot', name },
  features,
});
const infoOf = (features: readonly string[], name?: string) => infoElement(info(features, name));

/** As jabberd2 answers for each full JID. */
const ACCOUNT = infoElement({
  identity: { category: 'account', type: 'registered', name: '' },
  features: [],
});

describe('a full JID', () => {
  const BALCONY = `${JULIET}/balcony`;

  test('is taken as it is, in the ways that it knows', async () => {
    const { find, sent } = romeoIn({ features: { [BALCONY]: ABLE } });
    expect(await find('Juliet@Capulet.Example/balcony')).toMatchObject({
      peer: BALCONY,
      ways: ['jingle', 'ibb'],
    });
    expect(sent).toEqual([`query ${BALCONY}`]);
  });

  test('may take bytes without saying so', async () => {
    const { find } = romeoIn({ features: { [BALCONY]: [NS_DISCO_INFO] } });
    expect(await find(BALCONY)).toEqual({ peer: BALCONY, ways: ['ibb'] });
  });

  test.each<[string, World['features']]>([
    ['it says nothing of it', { [BALCONY]: [NS_DISCO_INFO] }],
    ['it knows others', { [BALCONY]: ABLE }],
    ['it answers no questions', {}],
  ])('is tried in the way that the user names, though %s (R74)', async (_why, features = {}) => {
    const { find, said } = romeoIn({ features });
    expect(await find(BALCONY, 'si')).toMatchObject({ peer: BALCONY, ways: ['si'] });
    expect(said.at(-1)).toBe(
      `${BALCONY} does not say that it takes files by si; it is tried all the same`,
    );
  });

  test('may know every way where its server answers in its place (R74)', async () => {
    const { find, said } = romeoIn({ features: { [BALCONY]: 'account' } });
    const guessed = { peer: BALCONY, isGuess: true };
    expect(await find(BALCONY)).toEqual({ ...guessed, ways: ['jingle', 'si', 'ibb'] });
    expect(said.at(-1)).toBe(
      `${BALCONY} may take files by jingle, then si, then ibb, for its server answers in its place`,
    );
    expect(await find(BALCONY, 'si')).toEqual({ ...guessed, ways: ['si'] });
  });

  test('is no client of whom nothing is known where it names none of its features (R74)', async () => {
    const { find } = romeoIn({ features: { [BALCONY]: [] } });
    expect(await find(BALCONY)).toEqual({ peer: BALCONY, ways: ['ibb'] });
  });

  test('of Dino is sent nothing that it would lose, unless the user names the way (R75)', async () => {
    const { find } = romeoIn({ features: { [BALCONY]: ABLE }, names: { [BALCONY]: 'Dino' } });
    await expect(find(BALCONY)).rejects.toThrow(RecipientUnreachable);
    await expect(find(BALCONY)).rejects.toThrow(
      /balcony would lose the file: Dino .* keeps nothing of it/,
    );
    const hints = await find(BALCONY).then(() => [], ownHints);
    expect(hints).toContain(`--via with that JID tries it all the same: --via jingle ${BALCONY}`);
    expect(await find(BALCONY, 'jingle')).toEqual({ peer: BALCONY, ways: ['jingle'] });
    expect(await find(BALCONY, 'ibb')).toEqual({ peer: BALCONY, ways: ['ibb'] });
  });

  describe('that takes files by SOCKS5 alone', () => {
    const world = { features: { [BALCONY]: SOCKS5 } };

    test('is a reason to name the flag for that, by a full JID or a bare one (R890)', async () => {
      for (const jid of [BALCONY, JULIET]) {
        const { find } = romeoIn({ ...world, seen: { [BALCONY]: undefined } });
        const error = await find(jid).catch((error) => error);
        expect(error).toBeInstanceOf(NotInStream);
        expect(error.message).toBe(`${BALCONY} takes no files inside the XMPP stream`);
        expect(ownHints(error)).toEqual([
          '--plain-s5b sends it beside the XMPP stream, not encrypted: whoever carries it can read and change it',
        ]);
      }
    });

    test('gets them so where the user wants it (R890)', async () => {
      const { find } = romeoIn({ ...world, mayBePlain: true });
      const found = await find(BALCONY);
      expect(found).toEqual({ peer: BALCONY, ways: ['jingle'], beside: [['jingle', 'only']] });
    });
  });

  test('of Dino gets files by SOCKS5 alone where the user wants it, and the flag is named (R890)', async () => {
    const world = {
      features: { [BALCONY]: [...ABLE, ...SOCKS5] },
      names: { [BALCONY]: 'Dino' },
    };
    const error = await romeoIn(world)
      .find(BALCONY)
      .catch((error) => error);
    expect(ownHints(error)[0]).toContain(
      '--plain-s5b sends it beside the XMPP stream, not encrypted',
    );
    const { find } = romeoIn({ ...world, mayBePlain: true });
    const only = [['jingle', 'only']];
    expect(await find(BALCONY)).toEqual({ peer: BALCONY, ways: ['jingle'], beside: only });
    expect(await find(BALCONY, 'jingle')).toMatchObject({ ways: ['jingle'], beside: only });
  });

  test('of another program gets them so, too, where the user wants it, and never one of ours (R890, R894)', async () => {
    const features = { [BALCONY]: [...ABLE, ...SOCKS5] };
    const found = await romeoIn({ features, mayBePlain: true }).find(BALCONY);
    expect(found).toMatchObject({ ways: ['jingle', 'ibb'], beside: [['jingle', 'too']] });
    expect(await romeoIn({ features }).find(BALCONY)).not.toHaveProperty('beside');
    for (const ours of [NS_SEAL, NS_KEEPS_FILES]) {
      const own = { [BALCONY]: [...ABLE, ...SOCKS5, ours] };
      const one = await romeoIn({ features: own, mayBePlain: true }).find(BALCONY);
      expect(one).not.toHaveProperty('beside');
    }
  });

  test('that tells its key badly is one of ours, too (R894)', () => {
    const info = infoOf([...ABLE, ...SOCKS5]);
    expect(resourceOf({ jid: BALCONY, info }, true)).toHaveProperty('beside');
    info.append(keyForm(Buffer.alloc(32, 1)));
    const one = resourceOf({ jid: BALCONY, info }, true);
    expect(one).toMatchObject({ hasKey: true });
    expect(one).not.toHaveProperty('beside');
  });

  test('is not asked when the user knows the way', async () => {
    const { find, sent } = romeoIn({});
    expect(await find(BALCONY, 'ibb')).toEqual({ peer: BALCONY, ways: ['ibb'] });
    expect(sent).toEqual([]);
  });

  test('that answers no questions may still take bytes; nobody else is asked', async () => {
    const { find, sent } = romeoIn({ features: { [`${JULIET}/inband`]: ABLE } });
    expect(await find(BALCONY)).toEqual({ peer: BALCONY, ways: ['ibb'] });
    expect(sent).toEqual([`query ${BALCONY}`]);
  });
});

test('a domain is taken as it is', async () => {
  const { find, sent } = romeoIn({ features: { 'files.capulet.example': ABLE } });
  const { peer } = await find('files.capulet.example');
  expect(peer).toBe('files.capulet.example');
  expect(sent).toEqual(['query files.capulet.example']);
});

describe('an address that may be written in another form', () => {
  const TYPED = 'straße@capulet.example';
  const STORED = 'strasse@capulet.example';
  const folds = (jid: string) => jid.replace('ß', 'ss');

  test.each<[string, string, World]>([
    ['inband', TYPED, { features: { [`${STORED}/inband`]: ABLE } }],
    [
      'desk',
      TYPED,
      { features: { [`${STORED}/desk`]: ABLE }, seen: { [`${STORED}/desk`]: caps(info(ABLE)) } },
    ],
    ['phone', TYPED, { answers: [[`${STORED}/phone`, 'proceed']] }],
    ['x', `${TYPED}/x`, { features: { [`${STORED}/x`]: ABLE } }],
    ['mute', `${TYPED}/mute`, {}],
  ])('is that of the server: %s of %s (R83)', async (resource, to, world) => {
    const { find } = romeoIn({ ...world, written: folds });
    expect((await find(to)).peer).toBe(`${STORED}/${resource}`);
  });

  test.each(WAY_NAMES)('is that of the server by %s, whoever answers for it (R83)', async (via) => {
    const { find } = romeoIn({ written: folds });
    expect((await find(`${TYPED}/x`, via)).peer).toBe(`${STORED}/x`);
  });

  test('has its domain in Unicode, however it was typed (R83)', async () => {
    const { find, sent } = romeoIn({ features: { 'juliet@bücher.example/inband': ABLE } });
    const { peer } = await find('juliet@xn--bcher-kva.example');
    expect(peer).toBe('juliet@bücher.example/inband');
    expect(sent).toEqual(['query juliet@bücher.example/inband']);
  });

  test('is not that of another account, which the server knows beside it (R83)', async () => {
    const { find } = romeoIn({
      features: { [`${STORED}/desk`]: ABLE },
      seen: { [`${STORED}/desk`]: caps(info(ABLE)) },
    });
    await expect(find(TYPED)).rejects.toThrow(RecipientUnreachable);
  });
});

test('who answers a close when it has the file is known by a feature, whatever its name (R141)', async () => {
  const { find } = romeoIn({
    features: { [`${JULIET}/a`]: [...ABLE, NS_KEEPS_FILES], [`${JULIET}/b`]: ABLE },
    names: { [`${JULIET}/a`]: 'another', [`${JULIET}/b`]: 'inband' },
  });
  expect(await find(`${JULIET}/a`)).toHaveProperty('answersClose', true);
  expect(await find(`${JULIET}/b`)).not.toHaveProperty('answersClose');
});

describe('of a bare JID', () => {
  const INBAND = `${JULIET}/inband`;
  const DESK = `${JULIET}/desk`;
  const PHONE = `${JULIET}/phone`;

  test('the resource inband is the first choice', async () => {
    const { find, sent } = romeoIn({
      features: { [INBAND]: [NS_IBB], [DESK]: ABLE },
      seen: { [DESK]: undefined },
    });
    expect(await find(JULIET)).toMatchObject({ peer: INBAND, ways: ['ibb'] });
    expect(sent).toEqual([`query ${INBAND}`]);
  });

  test.each<[WayName | undefined, WayName[], string]>([
    [undefined, ['jingle'], DESK],
    ['jingle', ['jingle'], DESK],
    ['ibb', ['ibb'], PHONE],
  ])('the ablest that is seen is taken, by %s', async (via, ways, peer) => {
    const { find, sent } = romeoIn({
      features: { [PHONE]: [NS_IBB], [DESK]: jingle.features, [`${JULIET}/chat`]: [] },
      seen: { [`${JULIET}/chat`]: undefined, [PHONE]: undefined, [DESK]: undefined },
    });
    expect(await find(JULIET, via)).toMatchObject({ peer, ways });
    expect(sent).not.toContain(`propose ${JULIET}`);
  });

  test('several ways that were named stand in that order, whatever is better (R728)', async () => {
    const all = [NS_IBB, ...jingle.features];
    const { find } = romeoIn({ features: { [DESK]: all }, seen: { [DESK]: undefined } });
    expect(await find(JULIET, 'ibb', 'jingle')).toMatchObject({ ways: ['ibb', 'jingle'] });
    expect(await find(DESK, 'ibb', 'jingle')).toMatchObject({ ways: ['ibb', 'jingle'] });
    expect(await find(DESK, 'jingle', 'ibb')).toMatchObject({ ways: ['jingle', 'ibb'] });
  });

  test('the only one that is able is not proposed to', async () => {
    const { find, sent } = romeoIn({ features: { [DESK]: ABLE }, seen: { [DESK]: undefined } });
    expect(await find(JULIET)).toMatchObject({ peer: DESK, ways: ['jingle', 'ibb'] });
    expect(sent).not.toContain(`propose ${JULIET}`);
  });

  test('one that takes files in part of a way does not take them in it', async () => {
    const [first, second] = jingle.features as [string, string];
    const { find } = romeoIn({
      features: { [DESK]: [first, second] },
      seen: { [DESK]: undefined },
    });
    const error = await find(JULIET).catch((reason: Error) => reason);
    expect(ownHints(error as Error).join()).toContain(`${DESK} takes no files in the stream`);
  });

  describe('several that are equally able', () => {
    const world = {
      features: { [DESK]: ABLE, [PHONE]: ABLE },
      seen: { [DESK]: undefined, [PHONE]: undefined },
    };

    test('are proposed to, and the first to proceed is taken', async () => {
      const { find } = romeoIn({
        ...world,
        answers: [
          [PHONE, 'proceed'],
          [DESK, 'proceed'],
        ],
      });
      expect(await find(JULIET)).toEqual({
        peer: PHONE,
        ways: ['jingle', 'ibb'],
        sid: expect.any(String),
      });
    });

    test('are one as good as the other when none proceeds', async () => {
      const { find } = romeoIn(world);
      expect(await find(JULIET)).toMatchObject({ peer: DESK, ways: ['jingle', 'ibb'] });
    });

    test('are not proposed to when none could know what that is', async () => {
      const features = { [DESK]: jingle.features, [PHONE]: jingle.features };
      const { find, sent } = romeoIn({ ...world, features });
      expect(await find(JULIET)).toMatchObject({ peer: DESK });
      expect(sent).not.toContain(`propose ${JULIET}`);
    });

    test('are not proposed to when bytes alone are to be sent', async () => {
      const { find, sent } = romeoIn(world);
      expect(await find(JULIET, 'ibb')).toMatchObject({ peer: DESK, ways: ['ibb'] });
      expect(sent).not.toContain(`propose ${JULIET}`);
    });

    test('have refused when one rejects', async () => {
      const { find } = romeoIn({ ...world, answers: [[PHONE, 'reject']] });
      await expect(find(JULIET)).rejects.toThrow(RecipientRefused);
      await expect(find(JULIET)).rejects.toThrow(`${JULIET} refused the file (busy)`);
    });

    test('are none of them given up when one rejects what it cannot do (R73)', async () => {
      const { find } = romeoIn({ ...world, answers: [[PHONE, 'reject', 'failed-application']] });
      expect(await find(JULIET)).toMatchObject({ peer: DESK, ways: ['jingle', 'ibb'] });
      const declined = romeoIn({ ...world, answers: [[PHONE, 'reject', 'decline']] });
      await expect(declined.find(JULIET)).rejects.toThrow(RecipientRefused);
    });

    test('are asked once when their capabilities are equal', async () => {
      const said = caps(info(ABLE));
      const seen = { [DESK]: said, [PHONE]: said };
      const { find, sent } = romeoIn({ ...world, seen, answers: [[PHONE, 'proceed']] });
      await find(JULIET);
      expect(sent.filter((one) => one.startsWith('caps '))).toEqual([`caps ${DESK}`]);
    });

    test('are asked each when the answer of the first does not fit its hash', async () => {
      const said = caps(info(ABLE));
      const seen = { [DESK]: said, [PHONE]: said };
      const { find, sent } = romeoIn({ features: { [DESK]: [], [PHONE]: ABLE }, seen });
      expect(await find(JULIET)).toMatchObject({ peer: PHONE });
      expect(sent.filter((one) => one.startsWith('caps '))).toHaveLength(2);
    });
  });

  describe('the others are found one after the other', () => {
    test('behind the resource inband, the ablest first, and not before they are needed (R73)', async () => {
      const chat = `${JULIET}/chat`;
      const world = {
        features: { [INBAND]: [NS_IBB], [PHONE]: [NS_IBB], [DESK]: jingle.features, [chat]: [] },
        seen: { [chat]: undefined, [INBAND]: undefined, [PHONE]: undefined, [DESK]: undefined },
      };
      const { find, findAll, sent } = romeoIn(world);
      await find(JULIET);
      expect(sent).toEqual([`query ${INBAND}`]);
      const found = await findAll(JULIET);
      expect(found.map(({ peer }) => peer)).toEqual([INBAND, DESK, PHONE]);
    });

    test('each once, behind the one that proceeds', async () => {
      const { findAll } = romeoIn({
        features: { [DESK]: ABLE, [PHONE]: ABLE },
        seen: { [DESK]: undefined, [PHONE]: undefined },
        answers: [[PHONE, 'proceed']],
      });
      expect((await findAll(JULIET)).map(({ peer }) => peer)).toEqual([PHONE, DESK]);
    });

    test('the resource inband once, though it proceeds as well', async () => {
      const { findAll } = romeoIn({
        features: { [INBAND]: ABLE },
        answers: [[INBAND, 'proceed']],
      });
      expect((await findAll(JULIET)).map(({ peer }) => peer)).toEqual([INBAND]);
    });

    test('those who tell of their ways before those whose server answers for them (R74)', async () => {
      const { findAll } = romeoIn({
        features: { [PHONE]: 'account', [DESK]: [NS_IBB] },
        seen: { [PHONE]: undefined, [DESK]: undefined },
      });
      expect(await findAll(JULIET)).toEqual([
        { peer: DESK, ways: ['ibb'] },
        { peer: PHONE, ways: ['jingle', 'si', 'ibb'], isGuess: true },
      ]);
    });
  });

  test('the resource inband may be there where the server answers in its place (R74)', async () => {
    const { find } = romeoIn({ features: { [INBAND]: 'account' } });
    expect(await find(JULIET)).toMatchObject({ peer: INBAND, ways: ['jingle', 'si', 'ibb'] });
  });

  test('of whom the resource inband alone is told of, that is found (R74)', async () => {
    // Metronome tells nobody's presence to one who asks, and answers for the account.
    const { find } = romeoIn({ features: { [INBAND]: ABLE, [JULIET]: [] } });
    expect(await find(JULIET)).toMatchObject({ peer: INBAND });
  });

  describe('with Dino among the resources', () => {
    test('another one is taken, though Dino knows better ways (R75)', async () => {
      const { findAll } = romeoIn({
        features: { [DESK]: ABLE, [PHONE]: [NS_IBB] },
        names: { [DESK]: 'Dino' },
        seen: { [DESK]: undefined, [PHONE]: undefined },
      });
      expect((await findAll(JULIET)).map(({ peer }) => peer)).toEqual([PHONE]);
    });

    test('it is passed over, too, where it is the first to proceed (R75)', async () => {
      const tablet = `${JULIET}/tablet`;
      const { find } = romeoIn({
        features: { [DESK]: ABLE, [PHONE]: ABLE, [tablet]: ABLE },
        names: { [DESK]: 'Dino' },
        seen: { [DESK]: undefined, [PHONE]: undefined, [tablet]: undefined },
        answers: [[DESK, 'proceed']],
      });
      expect(await find(JULIET)).toMatchObject({ peer: PHONE });
    });

    test('nobody is found where there are no others, and the reason is told (R75)', async () => {
      const { find } = romeoIn({
        features: { [DESK]: ABLE },
        names: { [DESK]: 'Dino' },
        seen: { [DESK]: undefined },
      });
      await expect(find(JULIET)).rejects.toThrow(`${DESK} would lose the file: Dino`);
    });
  });

  test('no more than twenty resources are asked', async () => {
    const jids = Array.from({ length: 1000 }, (_, count) => `${JULIET}/r${count}`);
    const { find, sent } = romeoIn({
      features: Object.fromEntries(jids.map((jid) => [jid, ['urn:chat']])),
      seen: Object.fromEntries(jids.map((jid) => [jid, undefined])),
    });
    await expect(find(JULIET)).rejects.toThrow(RecipientUnreachable);
    expect(sent.filter((one) => one.startsWith(`query ${JULIET}/r`))).toHaveLength(20);
  });

  describe('of whom nobody is seen', () => {
    test('whoever proceeds is taken', async () => {
      const { find, sent } = romeoIn({ answers: [[DESK, 'proceed']] });
      const { peer, ways, sid } = await find(JULIET);
      expect({ peer, ways }).toEqual({ peer: DESK, ways: ['jingle'] });
      expect(sid).toMatch(/^[\w-]{16,}$/);
      expect(sent).toEqual([
        `query ${INBAND}`,
        `probe ${JULIET}`,
        `query ${JULIET}`,
        `propose ${JULIET}`,
        `query ${DESK}`,
      ]);
    });

    test('whoever proceeds is asked what it can do, as it may have come since it was looked for (R483)', async () => {
      const features = { [DESK]: [...ABLE, NS_ALREADY_THERE, NS_KEEPS_FILES, NS_PATH] };
      const { find } = romeoIn({ features, answers: [[DESK, 'proceed']] });
      const able = { remembersFiles: true, answersClose: true, makesFolders: true };
      expect(await find(JULIET)).toMatchObject({ peer: DESK, ...able });
    });

    test('nobody is proposed bytes without a name', async () => {
      const { find, sent } = romeoIn({ answers: [[DESK, 'proceed']] });
      const error = await find(JULIET, 'ibb').catch((reason: Error) => reason);
      expect(ownHints(error as Error).join()).toContain('nobody is seen online');
      expect(sent).not.toContain(`propose ${JULIET}`);
    });
  });

  test('one who is seen and takes no files is not proposed to: all that is there was seen', async () => {
    const { find, sent } = romeoIn({
      features: { [PHONE]: ['urn:chat'] },
      seen: { [PHONE]: undefined },
      answers: [[DESK, 'proceed']],
    });
    await expect(find(JULIET)).rejects.toThrow(RecipientUnreachable);
    expect(sent).not.toContain(`propose ${JULIET}`);
  });

  test('of the own account nobody is looked for, as the server shows nobody, but all are proposed to', async () => {
    const own = 'romeo@montague.example';
    const { find, sent } = romeoIn({ answers: [[`${own}/desk`, 'proceed']] });
    expect(await find(own)).toMatchObject({ peer: `${own}/desk` });
    expect(sent).toEqual([`query ${own}/inband`, `propose ${own}`, `query ${own}/desk`]);
  });
});

describe('who finds nobody learns why', () => {
  test('when nobody is there', async () => {
    const { find } = romeoIn({});
    const error = await find(JULIET).catch((reason: Error) => reason);
    expect(error).toMatchObject({
      message: `nobody at ${JULIET} took the file (service-unavailable)`,
    });
    expect(ownHints(error as Error)).toEqual([
      'is the address right?',
      'is "inband receive" running there, and does its --allow let you in?',
      'under another resource than "inband" its full JID may be needed',
      `what was tried: ${JULIET}/inband: service-unavailable; nobody is seen online; nobody answered a proposal`,
    ]);
  });

  test('of the own account no more is asked than that it receives (R1343)', async () => {
    const own = 'romeo@montague.example';
    const error = await romeoIn({})
      .find(own)
      .catch((reason: Error) => reason);
    expect(ownHints(error as Error)).toEqual([
      'start "inband receive" with this account there',
      'under another resource than "inband" its full JID may be needed',
      expect.stringMatching(/^what was tried: /),
    ]);
  });

  test('when those who are there take no files', async () => {
    const [chat, gone] = [`${JULIET}/chat`, `${JULIET}/gone`];
    const { find, said } = romeoIn({
      features: { [chat]: ['urn:chat'] },
      seen: { [chat]: undefined, [gone]: undefined },
    });
    const findings = [
      `${JULIET}/inband: service-unavailable`,
      `${chat} takes no files in the stream`,
      `${gone}: service-unavailable`,
    ];
    const error: Error = await find(JULIET).catch((error) => error);
    for (const finding of findings) expect(ownHints(error).join()).toContain(finding);
    expect(said.sort()).toEqual(findings.sort());
  });
});

describe('the search goes on', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test('past those who do not answer in time, all of whom have the same time', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const jids = ['one', 'two', 'three'].map((one) => `${JULIET}/${one}`);
    const mute = Object.fromEntries(jids.map((jid) => [jid, 'mute' as const]));
    const { find } = romeoIn({
      features: { ...mute, [`${JULIET}/desk`]: ABLE },
      seen: Object.fromEntries([...jids, `${JULIET}/desk`].map((jid) => [jid, undefined])),
    });
    const found = find(JULIET);
    await settled();
    jest.advanceTimersByTime(10_000);
    expect(await found).toMatchObject({ peer: `${JULIET}/desk` });
  });

  test('past a server that does not answer', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const { find } = romeoIn({
      features: { [JULIET]: 'mute' },
      answers: [[`${JULIET}/desk`, 'proceed']],
    });
    const found = find(JULIET);
    await settled();
    jest.advanceTimersByTime(10_000);
    expect(await found).toMatchObject({ peer: `${JULIET}/desk` });
  });

  test.each([
    ['the resource inband', { [`${JULIET}/inband`]: 'mute' as const }],
    ['the contact', { [JULIET]: 'mute' as const }],
    ['one who is seen', { [`${JULIET}/desk`]: 'mute' as const }],
  ])(
    'not when the session ends, or the user has had enough, while %s is asked',
    async (_, features) => {
      const seen = { [`${JULIET}/desk`]: undefined };
      const cut = romeoIn({ features, seen });
      const found = cut.find(JULIET);
      await settled();
      const lost = new ConnectionLost('cut');
      cut.session.end(lost);
      await expect(found).rejects.toBe(lost);

      const { find, enough } = romeoIn({ features, seen });
      const other = find(JULIET);
      await settled();
      const why = new Error('enough');
      enough.abort(why);
      await expect(other).rejects.toBe(why);
    },
  );
});
