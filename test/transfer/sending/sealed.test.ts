import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ChannelLost } from '../../../src/protocol/channel.js';
import { formatKey } from '../../../src/protocol/seal/public-key.js';
import { ownHints } from '../../../src/session/hints.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';
import type { Event } from '../../../src/transfer/events.js';
import { NoRoom } from '../../../src/transfer/inbox-errors.js';
import type { SealingOptions } from '../../../src/transfer/keys/sealing.js';
import { identityOf } from '../../../src/transfer/receiving/identity.js';
import { RecipientBusy } from '../../../src/transfer/recipient-errors.js';
import { sendAll } from '../../../src/transfer/sending/send-all.js';
import type { IncomingOffer } from '../../../src/transfer/ways/incoming.js';
import { KeyNotTrusted, NotSealed } from '../../../src/transfer/ways/key-errors.js';
import type { WayName } from '../../../src/transfer/ways/names.js';
import { DEFAULT_SETTINGS } from '../../../src/transfer/ways/settings.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';
import { MemoryInbox } from '../../support/memory-inbox.js';
import { keyOfNumber, memoryTrust, receivingBy, sendingBy } from '../../support/sealing.js';
import { linkedToInbox, smallFile } from './linked-inboxes.js';

const HIS = keyOfNumber(1);
const HERS = keyOfNumber(2);
const OTHER = keyOfNumber(3);
const ROMEOS = 'romeo@montague.example';
const JULIETS = 'juliet@capulet.example';
const TEXT = Buffer.from('O, speak again, bright angel! '.repeat(700));
const LETTER = 'a-letter.txt';

interface Options {
  his?: Partial<SealingOptions>;
  hers?: Partial<Parameters<typeof receivingBy>[0]>;
  via?: 'auto' | WayName;
  evil?: (stanza: Element) => Element | undefined;
  count?: number;
  /** It can be read only once, and how long it is nobody knows. */
  isPipe?: boolean;
  /** Default: her JID. */
  to?: string[];
  /** Hers, in which something may be. */
  inbox?: MemoryInbox;
}

const trusting = (jid: string, key: Buffer, isVerified = false) => {
  const store = memoryTrust();
  store.of.set(jid, [{ key: formatKey(key), isVerified, since: new Date(0) }]);
  return store;
};

/** Romeo sends Juliet a letter: what each of them is told, and what comes of it. */
async function sent({
  his,
  hers,
  via = 'auto',
  evil = (stanza) => stanza,
  count = 1,
  isPipe = false,
  to = [JULIET],
  inbox: before = new MemoryInbox(),
}: Options = {}) {
  const ends = new AbortController();
  const wire: string[] = [];
  const [hisTrust, herTrust] = [memoryTrust(), memoryTrust()];
  const heard: Event[] = [];
  const { romeo, inbox, halfTrip } = await linkedToInbox(
    {
      ...{ places: 4, inbox: before },
      onStanza: (stanza) => wire.push(stanza.toString()),
      evil,
      sealing: receivingBy({ encrypt: 'auto', own: HERS, trusted: herTrust, ...hers }),
      report: (event) => heard.push(event),
    },
    ends.signal,
  );
  const events: Event[] = [];
  const failures: Error[] = [];
  let isOver = false;
  const files = Array.from({ length: count }, (_, n) => {
    const { size, ...file } = smallFile(n ? `${n}-${LETTER}` : LETTER, TEXT);
    return isPipe ? file : { size, ...file };
  });
  const outcome = sendAll(files, to, {
    ...{
      ways: via === 'auto' ? undefined : [via],
      settings: DEFAULT_SETTINGS,
      acceptTimeout: 1000,
      retryFor: 0,
      again: false,
    },
    ...{ connect: async () => romeo, signal: ends.signal },
    sealing: sendingBy({ encrypt: 'auto', own: async () => HIS, trusted: hisTrust, ...his }),
    report: (event) => events.push(event),
    explain: (error) => {
      failures.push(error);
      return { text: error.message, exitCode: 1, isOurs: false };
    },
  })
    .catch(() => undefined)
    .finally(() => {
      isOver = true;
    });
  while (!isOver) await halfTrip();
  await outcome;
  for (let trips = 0; trips < 4; trips += 1) await halfTrip();
  ends.abort();
  const of = (told: Event[], name: string) => told.filter(({ event }) => event === name);
  return {
    ...{ wire: wire.join('\n'), failures, heard, events, hisTrust, herTrust },
    inbox: { files: [...inbox.files.keys()], asked: inbox.accounts },
    done: of(events, 'done')[0],
    came: of(heard, 'done')[0],
    notices: [...of(events, 'notice'), ...of(heard, 'notice')],
  };
}

const isDiscovered = (stanza: Element) =>
  stanza.attrs.from === JULIET &&
  stanza.getChild('query', 'http://jabber.org/protocol/disco#info') !== undefined;

/** The server takes off what her answer to discovery says of her key. */
const stripped = (stanza: Element): Element => {
  if (!isDiscovered(stanza)) return stanza;
  const text = stanza.toString();
  return parse(
    text
      .replace(/<feature var="urn:x-inband:seal:0"\/>/, '')
      .replace(/<x xmlns="jabber:x:data".*?<\/x>/, ''),
  );
};

/** The server puts a key of its own there. */
const swapped = (stanza: Element): Element =>
  isDiscovered(stanza)
    ? parse(
        stanza
          .toString()
          .replace(HERS.publicKey.toString('base64'), OTHER.publicKey.toString('base64')),
      )
    : stanza;

const blocksOf = (wire: string): Buffer[] =>
  [...wire.matchAll(/<data [^>]*>([^<]+)</g)].map(([, text = '']) => Buffer.from(text, 'base64'));

/** No byte, name or hash of the letter in the clear. */
function expectNothingSeen(wire: string): void {
  expect(wire).not.toContain(LETTER);
  expect(wire).not.toContain(createHash('sha256').update(TEXT).digest('base64'));
  expect(Buffer.concat(blocksOf(wire)).includes('bright angel')).toBe(false);
}

describe('between two inbands', () => {
  test('a file is encrypted, each learns the key of the other, and says so once (R365)', async () => {
    const { done, came, wire, inbox, hisTrust, herTrust, notices } = await sent({ count: 3 });
    expect(inbox.files).toHaveLength(3);
    const [his, hers] = [formatKey(HIS.publicKey), formatKey(HERS.publicKey)];
    expect(done).toMatchObject({ encrypted: true, peerKey: hers, trust: 'first' });
    expect(came).toMatchObject({ encrypted: true, peerKey: his, trust: 'first' });
    expectNothingSeen(wire);
    expect(hisTrust.of.get(JULIETS)).toMatchObject([{ key: hers, isVerified: false }]);
    expect(herTrust.of.get(ROMEOS)).toMatchObject([{ key: his, isVerified: false }]);
    expect(notices).toHaveLength(2);
    expect(JSON.stringify(notices)).toContain(hers);
    expect(JSON.stringify(notices)).toContain(his);
  });

  test('keys that were compared are told as such (R365)', async () => {
    const { done, came, notices } = await sent({
      his: { trusted: trusting(JULIETS, HERS.publicKey, true) },
      hers: { trusted: trusting(ROMEOS, HIS.publicKey, true) },
    });
    expect(done).toMatchObject({ trust: 'verified' });
    expect(came).toMatchObject({ trust: 'verified' });
    expect(notices).toEqual([]);
  });

  test('--encrypt off sends in the clear, with a warning where a key is known (R366)', async () => {
    const { done, came, heard } = await sent({
      his: { encrypt: 'off' },
      hers: { trusted: trusting(ROMEOS, HIS.publicKey) },
    });
    expect(done).toMatchObject({ encrypted: false });
    expect(came).toMatchObject({ encrypted: false });
    expect(heard.filter(({ event }) => event === 'warning')).toHaveLength(1);
  });
});

describe('nothing goes out in the clear', () => {
  const NONE = ', so that nothing can be encrypted for it';
  test.each<[string, Options, string]>([
    [
      'to one whose key is known',
      { his: { trusted: trusting(JULIETS, HERS.publicKey) }, evil: stripped },
      `${JULIET} has no key, though one of ${JULIETS} is known here${NONE}`,
    ],
    [
      'where that is required',
      { his: { encrypt: 'require' }, evil: stripped },
      `${JULIET} has no key${NONE}`,
    ],
    [
      'where a key was given',
      { his: { toKey: formatKey(HERS.publicKey) }, evil: stripped },
      `${JULIET} has no key${NONE}`,
    ],
    [
      'by a way that cannot be encrypted',
      { via: 'si' },
      `${JULIET} has a key, and nothing is encrypted by si`,
    ],
    [
      'by bytes without a word',
      { via: 'ibb' },
      `${JULIET} has a key, and nothing is encrypted by ibb`,
    ],
  ])('%s (R366)', async (_, options, why) => {
    const { failures, wire, inbox } = await sent(options);
    expect(failures).toEqual([expect.any(NotSealed)]);
    expect(failures[0]?.message).toBe(why);
    expect(failures.flatMap(ownHints)).toEqual(['--encrypt off sends it in the clear']);
    expect(inbox.files).toEqual([]);
    expectNothingSeen(wire);
    expect(wire).not.toContain('<data');
  });

  test('when the seal was refused (R366, R1345)', async () => {
    const evil = (stanza: Element) => {
      const text = stanza.toString();
      return text.includes('session-initiate')
        ? parse(text.replace(/(<security[^>]*>)..../, '$1AAAA'))
        : stanza;
    };
    const { failures, wire, inbox } = await sent({ evil, count: 2 });
    expect(failures).toEqual([expect.any(NotSealed), expect.any(NotSealed)]);
    expect(failures[0]?.message).toBe(`${JULIET} did not open what was encrypted for it`);
    expect(ownHints(failures[0] as Error)).toEqual([
      'it may know another key of yours: compare "inband key" here with "inband trust list" there',
      'where yours is a new one, they run: inband trust add romeo@montague.example',
      'or somebody in between has changed something',
    ]);
    expect(inbox.files).toEqual([]);
    expectNothingSeen(wire);
  });

  test('and what the sender waits for is told', async () => {
    const { events } = await sent();
    const waits = events.filter(({ event }) => event === 'pending') as { text: string }[];
    expect(waits.map(({ text }) => text)).toContain(
      `waiting for ${JULIET} to accept the file, 1 s at most`,
    );
  });

  test('when an offer that is sealed finds no taker', async () => {
    let id: string | undefined;
    const evil = (stanza: Element) => {
      if (stanza.toString().includes('session-initiate')) id = stanza.attrs.id;
      if (stanza.attrs.id !== id || stanza.attrs.type !== 'result') return stanza;
      const { from, to } = stanza.attrs;
      const error = new StanzaError('cancel', 'feature-not-implemented').toElement();
      return xml('iq', { type: 'error', id, from, to }, error);
    };
    const { failures } = await sent({ evil });
    expect(failures.map(({ message }) => message)).toEqual([
      `${JULIET} has a key, and takes nothing that is encrypted (feature-not-implemented)`,
    ]);
    expect(ownHints(failures[0] as Error)).toEqual(['--encrypt off sends it in the clear']);
  });

  test('in the rest of a command that has seen a key (R366)', async () => {
    let answers = 0;
    const evil = (stanza: Element) => {
      if (!isDiscovered(stanza)) return stanza;
      answers += 1;
      return answers > 2 ? stripped(stanza) : stanza;
    };
    const { failures, inbox } = await sent({ evil, count: 2, his: { trusted: memoryTrust() } });
    expect(failures).toEqual([expect.any(NotSealed)]);
    expect(failures[0]?.message).toBe(
      `${JULIET} has no key, though one of ${JULIETS} is known here${NONE}`,
    );
    expect(inbox.files).toHaveLength(1);
  });
});

/** The server answers in her place to the nth question what she can do. */
const failing = (type: string, condition: string, nth = 2) => {
  let answers = 0;
  return (stanza: Element): Element => {
    if (!isDiscovered(stanza)) return stanza;
    answers += 1;
    if (answers < nth) return stanza;
    const { id = '', from = '', to = '' } = stanza.attrs;
    const error = `<error type="${type}"><${condition} xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>`;
    return parse(`<iq type="error" id="${id}" from="${from}" to="${to}">${error}</iq>`);
  };
};

describe('an error that answers the question for the key is not that there is none', () => {
  test.each([
    ['wait', 'resource-constraint'],
    ['cancel', 'service-unavailable'],
    ['cancel', 'feature-not-implemented'],
    ['modify', 'policy-violation'],
  ])('where she has told of it before, of type %s: %s (R375)', async (type, condition) => {
    const { failures, wire } = await sent({ evil: failing(type, condition), count: 2 });
    expect(failures).not.toEqual([]);
    expect(wire).not.toContain('session-initiate');
    expect(wire).not.toContain('<data');
  });

  test('where she says that she has too much to do (R375)', async () => {
    const evil = failing('wait', 'resource-constraint', 1);
    const { failures, wire } = await sent({ evil });
    expect(failures).toEqual([expect.any(RecipientBusy)]);
    expect(wire).not.toContain('<data');
  });

  test('but one that answers no questions may have none (R375)', async () => {
    const { failures, done } = await sent({ evil: failing('cancel', 'service-unavailable', 1) });
    expect(failures).toEqual([]);
    expect(done).toMatchObject({ encrypted: false });
  });
});

describe('the own account, as it was typed,', () => {
  const his = { account: JULIETS, own: async () => HERS, trust: 'known' } as const;

  test('has the key of this machine, whatever the server calls us (R376)', async () => {
    const { done } = await sent({ his });
    expect(done).toMatchObject({ encrypted: true, trust: 'known' });
  });

  test('gets nothing in the clear (R376)', async () => {
    const { failures, wire } = await sent({ his, evil: stripped });
    expect(failures).toEqual([expect.any(NotSealed)]);
    expect(wire).not.toContain('session-initiate');
  });

  test('has no key of ours under a name that the server has given us (R376)', async () => {
    const trusted = trusting(JULIETS, OTHER.publicKey);
    const { failures } = await sent({ his: { own: async () => HERS, trusted } });
    expect(failures).toEqual([expect.any(KeyNotTrusted)]);
  });
});

test('a key that was seen by one name of a JID counts for its others (R378)', async () => {
  let answers = 0;
  const evil = (stanza: Element) => {
    if (isDiscovered(stanza)) answers += 1;
    return answers % 2 === 0 ? stripped(stanza) : stanza;
  };
  const to = [JULIET, `JULIET@capulet.example/balcony`];
  const { failures, wire } = await sent({ evil, to });
  expect(failures).toEqual([expect.any(NotSealed)]);
  expectNothingSeen(wire);
});

describe('another key', () => {
  test.each<[string, Options, string, ...hints: string[]]>([
    [
      'than is known',
      { his: { trusted: trusting(JULIETS, HERS.publicKey) }, evil: swapped },
      `${JULIETS} has another key than before: ${formatKey(OTHER.publicKey)}`,
      `ask them in another way what "inband key" shows there; if it is this one: inband trust add ${JULIETS}`,
      `the known ones: inband trust list ${JULIETS}`,
    ],
    [
      'than was given',
      { his: { toKey: formatKey(HERS.publicKey) }, evil: swapped },
      `${JULIETS} has another key than the one of --to-key: ${formatKey(OTHER.publicKey)}`,
    ],
    [
      'than a known one, of which there is none,',
      { his: { trust: 'known' } },
      `no key of ${JULIETS} is known here, and --trust known takes no first one`,
      `inband trust add ${JULIETS}`,
    ],
  ])(
    '%s is refused by the sender, and nothing is told (R367, R1072)',
    async (_, options, why, ...hints) => {
      const { failures, wire, inbox } = await sent(options);
      expect(failures).toEqual([expect.any(KeyNotTrusted)]);
      expect(failures[0]?.message).toBe(why);
      expect(failures.flatMap(ownHints)).toEqual(hints);
      expect(inbox.files).toEqual([]);
      expect(wire).not.toContain('session-initiate');
    },
  );

  test('than is known is refused by the recipient, who is told once (R367)', async () => {
    const { failures, heard, inbox } = await sent({
      hers: { trusted: trusting(ROMEOS, OTHER.publicKey) },
      count: 3,
    });
    expect(failures).toHaveLength(3);
    expect(failures[0]).toBeInstanceOf(NotSealed);
    expect(inbox.files).toEqual([]);
    expect(heard.filter(({ event }) => event === 'failed')).toHaveLength(1);
  });

  test('that was pinned while she answered ends it before a byte is sent (R651)', async () => {
    const trusted = memoryTrust();
    const read = trusted.read;
    let reads = 0;
    trusted.read = async (jid) => {
      const before = await read(jid);
      reads += 1;
      // Another command has seen another key behind this one's back.
      trusted.of.set(JULIETS, [
        { key: formatKey(OTHER.publicKey), isVerified: false, since: new Date(0) },
      ]);
      return before;
    };
    const { failures, wire, inbox, herTrust, heard } = await sent({ his: { trusted } });
    expect([reads, failures]).toEqual([1, [expect.any(KeyNotTrusted)]]);
    expect(wire).toContain('session-accept');
    expect(wire).not.toContain('<data');
    expect([inbox.files, herTrust.of.size]).toEqual([[], 0]);
    expect(heard.filter(({ event }) => event === 'failed')).toEqual([]);
  });

  test('in between opens nothing (R367)', async () => {
    const { failures, inbox, wire } = await sent({ evil: swapped });
    expect(failures).toHaveLength(1);
    expect(inbox.files).toEqual([]);
    expectNothingSeen(wire);
  });
});

describe('a recipient takes nothing in the clear', () => {
  test.each<[string, Partial<Parameters<typeof receivingBy>[0]>, WayName]>([
    ['of one whose key was compared', { trusted: trusting(ROMEOS, HIS.publicKey, true) }, 'jingle'],
    ['where encryption is required', { encrypt: 'require' }, 'jingle'],
    ['where encryption is required, by SI', { encrypt: 'require' }, 'si'],
    ['where encryption is required, by bytes without a word', { encrypt: 'require' }, 'ibb'],
  ])('%s (R368)', async (_, hers, via) => {
    const { failures, inbox } = await sent({ his: { encrypt: 'off' }, hers, via });
    expect(failures).toHaveLength(1);
    expect(inbox.files).toEqual([]);
  });
});

/** What she answers to an offer in the clear, and how it ends, but for what is another one each time. */
async function answersInTheClear(inbox: MemoryInbox, hers = {}): Promise<string[]> {
  const { wire } = await sent({ his: { encrypt: 'off' }, hers, inbox });
  return wire
    .split('\n')
    .filter((stanza) => stanza.includes(`from="${JULIET}"`) && stanza.includes('<jingle'))
    .map((stanza) => stanza.replace(/(id|sid)="[^"]*"/g, ''));
}

/** An inbox with the letter as it came sealed, or with part of that. */
async function inboxWith(what: 'all' | 'part' | 'nothing'): Promise<MemoryInbox> {
  const inbox = new MemoryInbox();
  if (what === 'all') await sent({ inbox });
  if (what !== 'part') return inbox;
  const hashes = new Map([['sha-256', createHash('sha256').update(TEXT).digest()]]);
  const offer = { name: LETTER, size: TEXT.length, hashes };
  const file = { peer: ROMEO, peerKey: HIS.publicKey, offer, ranged: true };
  const identity = identityOf(file as unknown as IncomingOffer) ?? '';
  const partial = await inbox.createPartial({ identity, size: TEXT.length });
  await partial.write(TEXT.subarray(0, 5_000));
  await partial.keep();
  expect(inbox.keptOf({ identity, size: TEXT.length })).toBe(5_000);
  return inbox;
}

describe.each<[string, object]>([
  ['is known', { trusted: trusting(ROMEOS, HIS.publicKey) }],
  ['was compared', { trusted: trusting(ROMEOS, HIS.publicKey, true) }],
])('where his key %s, an offer in the clear with the hash of', (_, hers) => {
  test.each(['all', 'part'] as const)(
    'what came sealed, %s of it, learns nothing (R652)',
    async (what) => {
      const answers = await answersInTheClear(await inboxWith('nothing'), hers);
      expect(answers.length).toBeGreaterThan(0);
      expect(await answersInTheClear(await inboxWith(what), hers)).toEqual(answers);
    },
  );
});

test('a damaged announcement is no reason to send in the clear (R369)', async () => {
  const evil = (stanza: Element) =>
    isDiscovered(stanza)
      ? parse(stanza.toString().replace(/<feature var="urn:x-inband:seal:0"\/>/, ''))
      : stanza;
  const { failures, wire } = await sent({ evil, count: 2 });
  expect(failures.map(({ name }) => name)).toEqual([
    'MalformedAnnouncement',
    'MalformedAnnouncement',
  ]);
  expect(wire).not.toContain('session-initiate');
});

describe('a file for which she has no room', () => {
  const FULL = 'no room in /inbox: the disk is full';

  test.each<[string, Partial<Options>]>([
    ['whose hash was offered', {}],
    ['from a pipe', { isPipe: true }],
  ])('%s is refused as in the clear, and has not begun (R861)', async (_, options) => {
    const inbox = new MemoryInbox();
    inbox.checkRoom = async () => {
      throw new NoRoom(FULL);
    };
    const { failures, events, heard, wire, inbox: after } = await sent({ inbox, ...options });
    const why = `${JULIET} cannot take the file: too large, or the disk is full`;
    expect(failures).toEqual([expect.objectContaining({ name: 'RecipientRefused', message: why })]);
    expect(events.filter(({ event }) => event === 'start')).toEqual([]);
    expect(heard).toContainEqual(
      expect.objectContaining({
        event: 'failed',
        error: expect.stringContaining(FULL),
        name: LETTER,
      }),
    );
    expect(after).toEqual({ files: [], asked: [] });
    // The proof of who he is, and not a byte of the file.
    expect(Buffer.concat(blocksOf(wire)).length).toBeLessThan(500);
  });

  test('as a forged offer has it, hears nothing of that, and nor does she (R861)', async () => {
    const inbox = new MemoryInbox();
    inbox.checkRoom = async () => {
      throw new NoRoom(FULL);
    };
    const evil = (stanza: Element): Element =>
      parse(stanza.toString().replace(/(<data [^>]*>)..../, '$1AAAA'));
    const { heard, wire } = await sent({ inbox, evil });
    expect(wire).toContain('session-accept');
    expect(wire).not.toContain('file-too-large');
    expect(heard.filter(({ event }) => event !== 'state' && event !== 'note')).toEqual([]);
    expect(JSON.stringify(heard)).not.toContain(FULL);
  });

  test('is one that broke off where he does not hear why (R861)', async () => {
    const inbox = new MemoryInbox();
    inbox.checkRoom = async () => {
      throw new NoRoom(FULL);
    };
    const evil = (stanza: Element) =>
      stanza.attrs.from === JULIET && stanza.toString().includes('session-info')
        ? undefined
        : stanza;
    const { failures } = await sent({ inbox, evil });
    expect(failures).toEqual([expect.any(ChannelLost)]);
  });
});

test('an offer alone asks for no room, and no name of it is told (R530)', async () => {
  const evil = (stanza: Element): Element =>
    parse(stanza.toString().replace(/(<data [^>]*>)..../, '$1AAAA'));
  const { failures, inbox, heard, herTrust } = await sent({ evil });
  expect(failures).toHaveLength(1);
  expect(inbox).toEqual({ files: [], asked: [] });
  expect(herTrust.of.size).toBe(0);
  expect(heard.filter(({ event }) => event !== 'state' && event !== 'note')).toEqual([]);
  expect(heard.filter(({ event }) => event === 'note')).not.toEqual([]);
  expect(JSON.stringify(heard)).not.toContain(LETTER);
});
