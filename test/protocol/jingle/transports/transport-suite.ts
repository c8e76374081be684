import { expect, test } from '@jest/globals';
import type {
  Negotiation,
  Negotiators,
  Transport,
} from '../../../../src/protocol/jingle/transports/transport.js';
import { StanzaError } from '../../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../../src/session/xml.js';
import { JULIET, ROMEO } from '../../../support/linked-sessions.js';
import { settled } from '../../../support/manual-clock.js';
import { readAll, unattended } from '../../ibb/bytestreams.js';

/** One transport on either side; Romeo's offers, and sends. */
export interface Sides {
  his: Transport;
  hers: Transport;
  /** How many channels Juliet has taken for ones that were opened for their own sake. */
  taken(): number;
}

interface TransportSuite {
  prepare(): Sides;
  /** Juliet can use less than Romeo offers. */
  prepareNarrow(): Sides;
  /** An answer that asks for more than was offered; absent where there is nothing to ask more of. */
  asksMore?(answer: Element): Element;
  /** What other programs offer; absent where that is what we offer. */
  foreign?: Element;
}

/** Holds a transport to what `Transport` says; called within a `describe`. */
export function holdsTransport({
  prepare,
  prepareNarrow,
  asksMore,
  foreign,
}: TransportSuite): void {
  const never = new AbortController().signal;

  /** Both negotiations, up to the acceptance. */
  async function agreed({ his, hers } = prepare()) {
    const over = new AbortController();
    const party = (peer: string, other: () => Negotiation): Negotiators => ({
      peer,
      over: over.signal,
      inform: async (element) => other().informed?.(element),
    });
    const offering: Negotiation = his.offer(
      party(JULIET, () => answering),
      {},
    );
    const offer = await offering.describe();
    const answering: Negotiation = hers.answer(
      party(ROMEO, () => offering),
      offer,
      undefined,
    );
    const answer = await answering.describe();
    offering.agreed(answer);
    return { his, hers, offering, answering, offer, answer, over };
  }

  const errorOf = (act: () => unknown) => {
    try {
      return act();
    } catch (error) {
      return error;
    }
  };

  /** Of its own namespace, and says nothing else. */
  const empty = ({ xmlns }: Transport): Element => xml('transport', { xmlns });

  test('describes itself in its namespace, and advertises that', async () => {
    const { his, offer, answer } = await agreed();
    expect([offer.getNS(), answer.getNS()]).toEqual([his.xmlns, his.xmlns]);
    expect([offer.name, answer.name]).toEqual(['transport', 'transport']);
    expect(his.features).toContain(his.xmlns);
  });

  test('names the channel alike on both sides', async () => {
    const { offering, answering } = await agreed();
    expect(offering.sid).toBe(answering.sid);
  });

  test('joins two channels, which are those of the peers', async () => {
    const { offering, answering } = await agreed();
    const [hers, his] = await Promise.all([answering.expect(never), offering.open(never)]);
    expect([his.peer, hers.peer]).toEqual([JULIET, ROMEO]);
    his.resume().end('a letter');
    expect(await readAll(hers)).toEqual(Buffer.from('a letter'));
    await settled();
    expect([hers.bytesReceived, hers.writableEnded, his.closeAcknowledged]).toEqual([
      8,
      false,
      false,
    ]);
    await hers.acknowledgeClose();
    await settled();
    expect(his.closeAcknowledged).toBe(true);
  });

  test('joins two channels by what the answer has made of the offer', async () => {
    const { offering, answering } = await agreed(prepareNarrow());
    const [hers, his] = await Promise.all([answering.expect(never), offering.open(never)]);
    his.resume().end('a letter');
    expect(await readAll(hers)).toEqual(Buffer.from('a letter'));
    await hers.acknowledgeClose();
  });

  test('refuses an answer of another transport, and one that asks for more, and takes one that fits', async () => {
    const { offering, answer } = await agreed();
    const other = xml(answer.name, { ...answer.attrs, xmlns: 'urn:example:transports:another' });
    for (const misfit of [other, asksMore?.(answer) ?? other]) {
      expect(errorOf(() => offering.agreed(misfit))).toBeInstanceOf(StanzaError);
    }
    expect(errorOf(() => offering.agreed(answer))).toBeUndefined();
  });

  test('says whether a peer that has forgotten the Jingle session takes its channel for another', async () => {
    const party = { peer: JULIET, over: never, inform: async () => undefined };
    const makes: ((his: Transport) => Negotiation)[] = [(his) => his.offer(party, {})];
    if (foreign) makes.push((his) => his.answer(party, foreign, {}));
    for (const make of makes) {
      const { his, taken } = prepare();
      const negotiation = make(his);
      const stop = new AbortController();
      const opened = negotiation.open(stop.signal).then(unattended);
      opened.catch(() => undefined); // it is looked at what she makes of it
      await settled();
      expect(taken() > 0).toBe(negotiation.standsAlone);
      stop.abort(new Error('the test is over'));
    }
  });

  test('offers once more, at most, what each peer can use', () => {
    const { his } = prepare();
    const cautious = his.cautious?.({});
    expect(cautious && his.cautious?.(cautious)).toBeUndefined();
  });

  test('refuses an offer that says nothing', () => {
    const { hers } = prepare();
    const nobody = { peer: ROMEO, over: never, inform: async () => undefined };
    expect(errorOf(() => hers.answer(nobody, empty(hers), undefined))).toBeInstanceOf(StanzaError);
  });

  test('refuses an answer to another offer', async () => {
    const { offering } = await agreed();
    const other = await agreed();
    expect(errorOf(() => offering.agreed(other.answer))).toBeInstanceOf(StanzaError);
  });

  test('stops when it is told to, with the reason', async () => {
    const { offering, answering } = await agreed();
    const stop = new AbortController();
    const waiting = [
      answering.expect(stop.signal),
      offering.open(AbortSignal.abort(new Error('no'))),
    ];
    stop.abort(new Error('enough'));
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.map((one) => (one as PromiseRejectedResult).reason?.message)).toEqual([
      'enough',
      'no',
    ]);
  });

  test('takes what the other tells it where it takes anything', async () => {
    const { his, offering } = await agreed();
    if (!offering.informed) return;
    expect(errorOf(() => offering.informed?.(empty(his)))).toBeInstanceOf(StanzaError);
  });
}
