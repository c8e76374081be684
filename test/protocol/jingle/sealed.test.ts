import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, jest, test } from '@jest/globals';
import { type Channel, ChannelBroken } from '../../../src/protocol/channel.js';
import type { FileOffer } from '../../../src/protocol/file-offer.js';
import { description, NS_FILE_TRANSFER } from '../../../src/protocol/jingle/file-description.js';
import type { JingleOfferOptions } from '../../../src/protocol/jingle/jingle-file-transfers.js';
import { hearWhy } from '../../../src/protocol/jingle/security/hear-why.js';
import { SealedAnswer } from '../../../src/protocol/jingle/security/sealed-answer.js';
import { SealedOffer } from '../../../src/protocol/jingle/security/sealed-offer.js';
import { jingle, reason } from '../../../src/protocol/jingle/stanzas.js';
import { keyPairFrom } from '../../../src/protocol/noise/dh25519.js';
import { NS_SEAL } from '../../../src/protocol/seal/handshake.js';
import { TooLongToSeal } from '../../../src/protocol/seal/padding.js';
import { SealBroken } from '../../../src/protocol/seal/seal-broken.js';
import { xmlText } from '../../../src/protocol/seal/sealed-xml.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { readAll, unattended } from '../ibb/bytestreams.js';
import { offeredTo, type Pair, pairOfTransfers } from './transfers.js';

const HIS = keyPairFrom(Buffer.alloc(32, 1));
const HERS = keyPairFrom(Buffer.alloc(32, 2));
const OTHER = keyPairFrom(Buffer.alloc(32, 5));

const TEXT = Buffer.from('Wherefore art thou Romeo? '.repeat(2000));
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

const letter = (bytes: Uint8Array = TEXT): FileOffer => ({
  ...{ name: 'love-letter.txt', size: bytes.length, date: new Date('1597-01-01T00:00:00Z') },
  hashes: new Map([['sha-256', digestOf(bytes)]]),
});

interface Options {
  /** Sees, changes or keeps each stanza. */
  evil?: (stanza: Element) => Element | undefined;
  /** For whom it is sealed, and who opens it. */
  sealedFor?: Uint8Array;
  mayDeflate?: boolean;
}

/** Romeo offers Juliet a sealed file; all that the servers saw of it is in `seen`. */
async function sealed(file: FileOffer, options: Options = {}) {
  const { evil = (stanza) => stanza, sealedFor = HERS.publicKey, mayDeflate = true } = options;
  const seen: string[] = [];
  const pair = pairOfTransfers({
    ...{ blockSize: 4096, window: 16 },
    intercept: (stanza, deliver) => {
      seen.push(stanza.toString());
      const altered = evil(stanza);
      if (altered) deliver(altered);
    },
  });
  pair.juliet.key = HERS;
  const incoming = offeredTo(pair.juliet);
  const seal = { own: HIS, peer: sealedFor, mayDeflate };
  const outgoing = pair.romeo.offer(JULIET, file, { seal });
  outgoing.catch(() => undefined); // each test says what becomes of it
  return { pair, outgoing, incoming, seen };
}

type Sealed = Awaited<ReturnType<typeof sealed>>;

/** Juliet takes it from a byte on, and Romeo sends the rest. Resolves to what she has, and what he hears. */
async function carried(
  { outgoing, incoming }: Sealed,
  { offset = 0, bytes = TEXT, hash = digestOf(bytes) } = {},
) {
  const file = await incoming;
  const hers = file.accept(offset);
  const sent = await outgoing;
  unattended(sent.channel).end(bytes.subarray(offset));
  const came = await readAll(await hers);
  const confirmed = sent.confirmed();
  confirmed.catch(() => undefined); // each test says what becomes of it
  await file.confirm(hash);
  return { came, confirmed, file, sent };
}

const isAction = (stanza: Element, action: string) =>
  stanza.getChildElements()[0]?.attrs.action === action;

/** The stanza with another text, as somebody in between could write it. */
const altered = (stanza: Element, from: RegExp, to: string): Element =>
  parse(stanza.toString().replace(from, to));

/** One letter of what is sealed is another one. */
const flipped = (stanza: Element): Element => {
  const text = stanza.toString();
  const at = text.indexOf(NS_SEAL) + NS_SEAL.length + 100;
  const letter = text[at] === 'A' ? 'B' : 'A';
  return parse(text.slice(0, at) + letter + text.slice(at + 1));
};

/** Brings a stanza of Juliet's to Romeo that she has not sent. */
const forge = ({ sessions: [romeo] }: Pair, payload: Element) =>
  romeo.receive(
    parse(xml('iq', { type: 'set', id: 'forged', from: JULIET, to: ROMEO }, payload).toString()),
  );

const sidOf = (seen: string[]) => /<jingle [^>]*sid="([^"]+)"/.exec(seen.join(''))?.[1] ?? '';

describe('a sealed file', () => {
  test.each([
    ['deflated', true],
    ['not deflated', false],
  ])(
    'arrives, %s, and servers see no name, size, date, hash or byte of it (R360)',
    async (_, mayDeflate) => {
      const all = await sealed(letter(), { mayDeflate });
      const { came, confirmed, file } = await carried(all);
      expect(came.equals(TEXT)).toBe(true);
      expect(file.offer).toMatchObject(letter());
      expect(Buffer.from(file.peerKey ?? []).equals(HIS.publicKey)).toBe(true);
      expect(await confirmed).toBe('received');
      const seen = all.seen.join('\n');
      const blocks = [...seen.matchAll(/<data [^>]*>([^<]+)</g)].map(([, text = '']) =>
        Buffer.from(text, 'base64'),
      );
      expect(blocks.length).toBeGreaterThan(0);
      const told = [
        ...['love-letter', String(TEXT.length), '1597', 'text/plain', 'received', '<checksum'],
        digestOf(TEXT).toString('base64'),
        digestOf(TEXT).toString('hex'),
      ];
      for (const one of told) expect(seen).not.toContain(one);
      expect(Buffer.concat(blocks).includes('Wherefore')).toBe(false);
      expect(seen).toContain(
        `<description xmlns="${NS_FILE_TRANSFER}"><file><range/></file></description>`,
      );
    },
  );

  test('is gone on with from a byte that only the two know (R361)', async () => {
    const all = await sealed(letter());
    const { came, confirmed, sent } = await carried(all, { offset: 1234 });
    expect(came.equals(TEXT.subarray(1234))).toBe(true);
    expect(sent.range.offset).toBe(1234);
    expect(await confirmed).toBe('received');
    expect(all.seen.join('')).not.toContain('1234');
  });

  test('without a size or hash brings its hash inside (R361)', async () => {
    const all = await sealed({ name: 'stdin' });
    const file = await all.incoming;
    const hers = file.accept();
    const sent = await all.outgoing;
    const came = hers.then(readAll);
    unattended(sent.channel).write(TEXT);
    const hashes = new Map([['sha-256', digestOf(TEXT)]]);
    await sent.sendHashes(hashes);
    sent.channel.end();
    expect((await came).equals(TEXT)).toBe(true);
    expect(await file.hashes()).toEqual(hashes);
    const confirmed = sent.confirmed();
    await file.confirm(digestOf(TEXT));
    expect(await confirmed).toBe('received');
    expect(all.seen.join('')).not.toContain('checksum');
  });

  test('of no bytes is proven by one message, and confirmed (R362)', async () => {
    const nothing = Buffer.alloc(0);
    const { came, confirmed } = await carried(await sealed(letter(nothing)), { bytes: nothing });
    expect(came).toHaveLength(0);
    expect(await confirmed).toBe('received');
  });

  test('is not accepted to the end by a copy of its first message (R362)', async () => {
    const { incoming, outgoing } = await sealed(letter(), {
      evil: (stanza) => (stanza.getChild('data') ? undefined : stanza),
    });
    const file = await incoming;
    let isProven = false;
    const accepting = file.accept().then(
      () => {
        isProven = true;
      },
      () => undefined,
    );
    unattended((await outgoing).channel).write('no block of this comes');
    await settled();
    expect(isProven).toBe(false);
    await file.fail({ condition: 'gone' });
    await accepting;
    expect(isProven).toBe(false);
  });
});

describe('a seal that is broken', () => {
  const SECURITY_ERROR = '<reason><security-error/></reason>';

  test('in the offer has it refused, with a word that tells nothing (R363)', async () => {
    const refused: string[] = [];
    const all = await sealed(letter(), {
      evil: (stanza) => (isAction(stanza, 'session-initiate') ? flipped(stanza) : stanza),
    });
    all.pair.juliet.onRefused = (_, why) => refused.push(why);
    await expect(all.outgoing).rejects.toMatchObject({ reason: { condition: 'security-error' } });
    expect(all.seen.join('')).toContain(SECURITY_ERROR);
    expect(refused).toEqual([new SealBroken().message]);
  });

  test('by another key than the recipient has is refused in the same way (R363)', async () => {
    const all = await sealed(letter(), { sealedFor: OTHER.publicKey });
    await expect(all.outgoing).rejects.toMatchObject({ reason: { condition: 'security-error' } });
    expect(all.seen.join('')).toContain(SECURITY_ERROR);
  });

  test.each([
    ['altered', (stanza: Element) => flipped(stanza)],
    ['taken off', (stanza: Element) => altered(stanza, /<security.*<\/security>/, '')],
  ])('in the answer, %s, ends it before a byte is sent (R363)', async (_, evil) => {
    const all = await sealed(letter(), {
      evil: (stanza) => (isAction(stanza, 'session-accept') ? evil(stanza) : stanza),
    });
    const accepting = (await all.incoming).accept();
    await expect(all.outgoing).rejects.toThrow(SealBroken);
    await expect(accepting).rejects.toThrow();
    expect(all.seen.join('')).toContain(SECURITY_ERROR);
    expect(all.seen.join('')).not.toContain('<data');
  });

  test('in the bytes lets none of them through (R363)', async () => {
    let count = 0;
    const all = await sealed(letter(), {
      mayDeflate: false,
      evil: (stanza) => {
        const data = stanza.getChild('data');
        if (!data || ++count !== 2) return stanza;
        return altered(stanza, /(<data [^>]*>)..../, '$1AAAA');
      },
    });
    const accepting = (await all.incoming).accept();
    accepting.catch(() => undefined);
    const { channel } = await all.outgoing;
    unattended(channel).end(TEXT);
    await expect(accepting.then(readAll)).rejects.toThrow(SealBroken);
  });
});

describe('what is said of a sealed file in the clear', () => {
  test.each([
    [
      'received',
      (sid: string) =>
        jingle(
          'session-info',
          sid,
          {},
          parse(`<received xmlns='${NS_FILE_TRANSFER}' name='file'/>`),
        ),
    ],
    [
      'success',
      (sid: string) => jingle('session-terminate', sid, {}, reason({ condition: 'success' })),
    ],
  ])('is no confirmation: %s (R364)', async (what, forged) => {
    const all = await sealed(letter());
    const hers = (await all.incoming).accept();
    const sent = await all.outgoing;
    unattended(sent.channel).end(TEXT);
    await readAll(await hers);
    const confirmed = sent.confirmed();
    let outcome: unknown = 'none';
    const settling = confirmed.then(
      (said) => (outcome = said),
      (error) => (outcome = error),
    );
    forge(all.pair, forged(sidOf(all.seen)));
    await settled();
    if (what === 'success') {
      await settling;
      expect(outcome).toMatchObject({ reason: { condition: 'success' } });
    } else {
      expect(outcome).toBe('none');
      await sent.cancel({ condition: 'cancel' });
      await settling;
      expect(outcome).toBeInstanceOf(Error);
    }
  });

  test('a hash that is not that of the file is no confirmation (R364)', async () => {
    const { confirmed } = await carried(await sealed(letter()), { hash: Buffer.alloc(32) });
    await expect(confirmed).rejects.toMatchObject({ reason: { condition: 'media-error' } });
  });

  test('why it was not kept is told inside alone (R364)', async () => {
    const all = await sealed(letter());
    const file = await all.incoming;
    const hers = file.accept();
    const sent = await all.outgoing;
    unattended(sent.channel).end(TEXT);
    const came = hers.then(readAll);
    await came;
    const confirmed = sent.confirmed();
    confirmed.catch(() => undefined); // awaited below
    void file.fail({ condition: 'media-error', text: 'the disk of love-letter.txt is full' });
    await expect(confirmed).rejects.toMatchObject({ reason: { condition: 'media-error' } });
    expect(all.seen.join('')).not.toContain('love-letter');
  });
});

describe('how a sealed transfer has ended', () => {
  const ENDS = ['media-error', 'decline', 'cancel', 'failed-application', 'busy', 'timeout'];

  test.each(ENDS)('is not believed where %s is said in the clear (R534)', async (condition) => {
    const all = await sealed(letter());
    const hers = (await all.incoming).accept();
    const sent = await all.outgoing;
    unattended(sent.channel).write(TEXT.subarray(0, 20_000));
    (await hers).resume();
    const why = reason({ condition });
    forge(all.pair, jingle('session-terminate', sidOf(all.seen), {}, why));
    await settled();
    await expect(sent.confirmed()).rejects.toMatchObject({
      reason: { condition: 'general-error' },
      byUs: false,
    });
  });

  test('is told outside in one word, whatever it was (R535)', async () => {
    const reasonsOf = (seen: string[]) =>
      seen.flatMap((stanza) => /<reason>.*<\/reason>/.exec(stanza) ?? []);
    const all: string[] = [];
    for (const condition of [...ENDS, 'security-error']) {
      const { incoming, outgoing, seen } = await sealed(letter());
      const file = await incoming;
      const hers = file.accept();
      const sent = await outgoing;
      unattended(sent.channel).write(TEXT.subarray(0, 20_000));
      (await hers).resume();
      void file.fail({ condition, text: 'love-letter.txt' });
      await expect(sent.confirmed()).rejects.toMatchObject({ reason: { condition } });
      await settled();
      all.push(...reasonsOf(seen.filter((stanza) => stanza.includes(`to="${ROMEO}"`))));
    }
    expect([...new Set(all)]).toEqual(['<reason><cancel/></reason>']);
  });

  test.each([
    ['busy', 'busy'],
    ['security-error', 'security-error'],
    ['media-error', 'decline'],
    ['failed-application', 'decline'],
  ])('before it was answered: %s is %s outside (R535)', async (condition, outside) => {
    const { incoming, outgoing, seen } = await sealed(letter());
    (await incoming).decline({ condition, text: 'love-letter.txt' });
    await expect(outgoing).rejects.toMatchObject({ reason: { condition: outside } });
    expect(seen.join('')).not.toContain('love-letter');
  });

  test('is heard where the end comes with it (R648)', async () => {
    const all = await sealed(letter());
    const file = await all.incoming;
    const hers = file.accept();
    const sent = await all.outgoing;
    unattended(sent.channel).write(TEXT.subarray(0, 20_000));
    (await hers).resume();
    void file.fail({ condition: 'media-error' });
    void file.fail({ condition: 'media-error' });
    await settled();
    await expect(sent.confirmed()).rejects.toMatchObject({ reason: { condition: 'media-error' } });
  });

  test('is not waited for where its sender has gone and begun anew (R770)', async () => {
    let isGone = false;
    const evil = (stanza: Element) => (isGone && stanza.attrs.to === ROMEO ? undefined : stanza);
    const { incoming, outgoing } = await sealed(letter(), { evil });
    const file = await incoming;
    const accepted = file.accept();
    unattended((await outgoing).channel).write(TEXT.subarray(0, 20_000));
    const hers = await accepted;
    isGone = true;
    void file.fail({ condition: 'alternative-session' });
    await expect(readAll(hers)).rejects.toMatchObject({
      reason: { condition: 'alternative-session' },
      byUs: true,
    });
  });

  test('is said once (R535)', async () => {
    const all = await sealed(letter());
    const file = await all.incoming;
    const hers = file.accept();
    unattended((await all.outgoing).channel).write(TEXT.subarray(0, 20_000));
    (await hers).resume();
    void file.fail({ condition: 'media-error' });
    void file.fail({ condition: 'busy' });
    await settled();
    const verdicts = all.seen.filter((stanza) => stanza.includes('"session-info"'));
    expect(verdicts.filter((stanza) => stanza.includes(NS_SEAL))).toHaveLength(1);
  });
});

test('an offer that just fits can be answered with a range; a longer one is its own error (R537)', async () => {
  const named = (length: number) => ({ ...letter(), name: 'a'.repeat(length) });
  const others = xmlText(description(named(1), { offset: 0 })).length - 1;
  const most = 31 * 256 - others;
  const all = await sealed(named(most));
  const { came, confirmed } = await carried(all, { offset: 12_345 });
  expect(came.equals(TEXT.subarray(12_345))).toBe(true);
  expect(await confirmed).toBe('received');
  const { outgoing } = await sealed(named(most + 1));
  await expect(outgoing).rejects.toThrow(TooLongToSeal);
});

test('what is sealed and does not fit is told as all that is broken (R535)', async () => {
  const all = await sealed(letter());
  const file = await all.incoming;
  const { answer } = SealedAnswer.prototype;
  const beyond = jest.spyOn(SealedAnswer.prototype, 'answer');
  beyond.mockImplementationOnce(function (this: SealedAnswer, told, _range, ...rest) {
    return answer.call(this, told, { offset: TEXT.length + 1 }, ...rest);
  });
  file.accept().catch(() => undefined);
  await expect(all.outgoing).rejects.toThrow(SealBroken);
  await settled();
  const terminations = all.seen.filter((stanza) => stanza.includes('"session-terminate"'));
  expect(terminations[0]).toContain('<reason><security-error/></reason>');
});

test('a sealed file is refused by those who have no key (R360)', async () => {
  const pair = pairOfTransfers({ blockSize: 4096 });
  const seal = { own: HIS, peer: HERS.publicKey, mayDeflate: true };
  await expect(pair.romeo.offer(JULIET, letter(), { seal })).rejects.toMatchObject({
    reason: { condition: 'security-error' },
  });
});

test('a channel that was over before anything of it was waited for proves nothing (R530)', async () => {
  const parties = { initiator: ROMEO, responder: JULIET, sid: 's1' };
  const sealedTo = { own: HIS, peer: HERS.publicKey, mayDeflate: true };
  const offer = new SealedOffer(letter(), undefined, parties, sealedTo);
  const [, , security] = offer.offer({ outside: xml('transport') });
  const answer = new SealedAnswer(parties, HERS, security as Element);
  const over = new PassThrough().destroy();
  await once(over, 'close');
  await expect(answer.proven(over as unknown as Channel)).rejects.toThrow(ChannelBroken);
});

test('a recipient that declines what is sealed, and says nothing of why, has taken nothing', async () => {
  const channel = { end: () => undefined } as unknown as Channel;
  const file = { channel, sendHashes: async () => undefined, confirmed: async () => 'content' };
  await expect(hearWhy(file, true)).rejects.toThrow(
    'the recipient took nothing of the file, and did not say why',
  );
});

test.each([undefined, null, false, 'key'])(
  'a seal that is %p is refused before anything is sent: it is no word for in the clear (R1210)',
  async (seal) => {
    const { romeo, wire } = pairOfTransfers();
    const offered = romeo.offer(JULIET, letter(), { seal } as unknown as JingleOfferOptions);
    await expect(offered).rejects.toThrow(RangeError);
    expect(wire.lines).toEqual([]);
  },
);
