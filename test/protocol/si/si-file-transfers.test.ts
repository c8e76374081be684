import { once } from 'node:events';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ChannelNotOpened } from '../../../src/protocol/channel.js';
import type { Bytestream } from '../../../src/protocol/ibb/bytestream.js';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import { NS_IBB, open as openElement } from '../../../src/protocol/ibb/stanzas.js';
import type { IncomingSiFile } from '../../../src/protocol/si/incoming-si-file.js';
import { SiFileTransfers } from '../../../src/protocol/si/si-file-transfers.js';
import * as stanzas from '../../../src/protocol/si/stanzas.js';
import { RequestTimeout } from '../../../src/session/requests.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';
import { pattern, takeAll } from '../ibb/bytestreams.js';
import {
  choice,
  FILE,
  IBB,
  linked,
  NS_FILE,
  NS_SI,
  pairOfServices,
  serviceOn,
} from './services.js';

/** The time of requests and of those who wait to be asked is the machine's; stanzas go on without it. */
const fakeTimers = () =>
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });

afterEach(() => {
  jest.useRealTimers();
});

/** Lets an offer fail that the test does not wait for. */
function unattended<T>(outcome: Promise<T>): Promise<T> {
  outcome.catch(() => undefined);
  return outcome;
}

/** Romeo offers a file to Juliet, who has not answered yet. */
async function offered(file = FILE) {
  const pair = pairOfServices();
  const outcome = unattended(pair.romeo.service.offer(JULIET, file));
  await settled();
  return { ...pair, outcome, offer: pair.juliet.offers[0] as IncomingSiFile };
}

/** A Romeo who sends what the test says to the service of Juliet, and others who do. */
function scriptToService() {
  const toOthers: Element[] = [];
  const [romeo, juliet] = linked((stanza, deliver) => {
    const { to } = stanza.attrs;
    if (to === ROMEO || to === JULIET) deliver(stanza);
    else toOthers.push(stanza);
  });
  const sendAs = (from: string, element: Element) =>
    juliet.receive(parse(xml('iq', { type: 'set', id: 'x1', from }, element).toString()));
  const offer = (sid: string) => unattended(romeo.request('set', JULIET, stanzas.offer(sid, FILE)));
  const offerAs = (from: string, sid: string) => sendAs(from, stanzas.offer(sid, FILE));
  return { romeo, toOthers, ...serviceOn(juliet), sendAs, offer, offerAs };
}

/** The service of Romeo, to a Juliet who answers offers as the test says. */
function serviceToScript(answer: (si: Element) => Element | Promise<Element>) {
  const [romeo, juliet] = linked();
  juliet.handle('set', stanzas.NS_SI, 'si', answer);
  return { juliet, ...serviceOn(romeo) };
}

describe('a file that is offered', () => {
  test('arrives when it is accepted', async () => {
    const { offer, outcome, wire } = await offered({ ...FILE, description: 'see this' });
    expect(offer).toMatchObject({ peer: ROMEO, ranged: true });
    expect(offer.offer).toEqual({ ...FILE, description: 'see this' });
    const [theirs, { channel, offset }] = await Promise.all([offer.accept(), outcome]);
    expect(offset).toBe(0);
    expect(theirs).toMatchObject({ sid: wire[0]?.getChild('si')?.attrs.id });
    channel.resume().end(pattern(1022));
    expect(await takeAll(theirs)).toEqual(pattern(1022));
    await once(channel, 'close');
    expect(channel.closeAcknowledged).toBe(true);
  });

  test('may be accepted from an offset on', async () => {
    const { offer, outcome } = await offered();
    const [theirs, { channel, offset }] = await Promise.all([
      offer.accept({ offset: 1000 }),
      outcome,
    ]);
    expect(offset).toBe(1000);
    channel.resume().end(pattern(1022).subarray(1000));
    expect(await takeAll(theirs)).toEqual(pattern(1022).subarray(1000));
  });

  test('is sent with the settings of the bytestream that the sender wants', async () => {
    const { romeo, juliet } = pairOfServices();
    juliet.service.onOffer = (offer) => void offer.accept();
    const { channel } = await romeo.service.offer(JULIET, FILE, { blockSize: 512 });
    expect(channel).toMatchObject({ blockSize: 512 });
  });

  test('may be declined', async () => {
    const { offer, outcome } = await offered();
    offer.decline();
    const refusal = { type: 'cancel', condition: 'forbidden', text: 'Offer Declined' };
    await expect(outcome).rejects.toMatchObject(refusal);
  });

  test('may be put off, to be made again in a while (R89)', async () => {
    const { offer, outcome } = await offered();
    offer.refuseForNow();
    await expect(outcome).rejects.toMatchObject({ type: 'wait', condition: 'resource-constraint' });
  });

  test('is declined where nobody looks after offers', async () => {
    const [romeo, juliet] = linked();
    new SiFileTransfers(juliet, new InBandBytestreams(juliet));
    const outcome = serviceOn(romeo).service.offer(JULIET, FILE);
    await expect(outcome).rejects.toMatchObject({ condition: 'forbidden' });
  });

  test('is answered with an error where the one who looks after offers fails, and may come again', async () => {
    const { service, offers, offer } = scriptToService();
    service.onOffer = () => {
      throw new Error('no disk');
    };
    await expect(offer('s1')).rejects.toMatchObject({ condition: 'internal-server-error' });
    service.onOffer = (file) => offers.push(file);
    void offer('s1');
    await settled();
    expect(offers).toHaveLength(1);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1023])(
    'cannot be accepted from %s on, and still waits',
    async (offset) => {
      const { offer, outcome } = await offered();
      await expect(offer.accept({ offset })).rejects.toThrow(RangeError);
      void unattended(offer.accept({ offset: 1022 }));
      expect(await outcome).toMatchObject({ offset: 1022 });
    },
  );

  test('by one who cannot start elsewhere is accepted from its beginning only', async () => {
    const { romeo, offers } = scriptToService();
    const si = parse(stanzas.offer('s1', FILE).toString().replace('<range/>', ''));
    void unattended(romeo.request('set', JULIET, si));
    await settled();
    expect(offers[0]?.ranged).toBe(false);
    await expect(offers[0]?.accept({ offset: 1 })).rejects.toThrow(RangeError);
  });

  test('is answered once', async () => {
    const { offer, outcome, wire } = await offered();
    const opened = offer.accept();
    offer.decline();
    await expect(offer.accept()).rejects.toThrow('has been answered');
    expect(await opened).toMatchObject({ peer: ROMEO });
    const { sid } = (await opened) as Bytestream;
    expect((await outcome).channel).toMatchObject({ sid });
    const answers = wire.filter((stanza) => stanza.attrs.id === wire[0]?.attrs.id);
    expect(answers.map(({ attrs }) => attrs.type)).toEqual(['set', 'result']);
  });

  test('keeps no other stanza waiting', async () => {
    const { romeo, juliet } = await offered();
    void unattended(romeo.service.offer(JULIET, FILE));
    await settled();
    expect(juliet.offers).toHaveLength(2);
  });
});

describe('one who has accepted', () => {
  test('waits a minute for the bytestream', async () => {
    fakeTimers();
    const { offers, offer } = scriptToService();
    void offer('s1');
    await settled();
    const opened = expect(offers[0]?.accept()).rejects.toThrow(ChannelNotOpened);
    await settled();
    jest.advanceTimersByTime(60_000);
    await opened;
  });

  test('takes the bytestream from nobody else', async () => {
    const { romeo, offers, offer, sendAs, toOthers } = scriptToService();
    const open = openElement({ sid: 's1', blockSize: 4096, stanza: 'iq' });
    void offer('s1');
    await settled();
    const opened = offers[0]?.accept();
    sendAs('romeo@montague.example/balcony', open);
    await settled();
    expect(toOthers.map(StanzaError.fromStanza)).toMatchObject([{ condition: 'not-acceptable' }]);
    await romeo.request('set', JULIET, open);
    expect(await opened).toMatchObject({ peer: ROMEO, sid: 's1' });
  });

  test('may have enough of waiting', async () => {
    const { offers, offer } = scriptToService();
    void offer('s1');
    await settled();
    const giveUp = new AbortController();
    const opened = offers[0]?.accept({ signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(opened).rejects.toThrow('enough');
  });

  test('and has had enough before has not answered', async () => {
    const { offer, outcome } = await offered();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(offer.accept({ signal })).rejects.toThrow('enough');
    offer.decline();
    await expect(outcome).rejects.toMatchObject({ condition: 'forbidden' });
  });
});

describe('offers that wait', () => {
  const busy = { type: 'wait', condition: 'resource-constraint' };
  const refusal = { type: 'cancel', condition: 'not-acceptable' };

  test('have different ids, whether they are answered or not', async () => {
    const { offers, offer } = scriptToService();
    void offer('s1');
    await settled();
    await expect(offer('s1')).rejects.toMatchObject(refusal);
    void unattended(offers[0]?.accept() as Promise<unknown>);
    await expect(offer('s1')).rejects.toMatchObject(refusal);
    expect(offers).toHaveLength(1);
  });

  test('of different senders may have the same id', async () => {
    const { offers, offer, offerAs } = scriptToService();
    void offer('s1');
    offerAs('romeo@montague.example/balcony', 's1');
    await settled();
    expect(offers.map(({ peer }) => peer).sort()).toEqual([
      'romeo@montague.example/balcony',
      ROMEO,
    ]);
  });

  test.each([
    ['declined', async (file?: IncomingSiFile) => file?.decline()],
    [
      'given up',
      async (file?: IncomingSiFile) => {
        const giveUp = new AbortController();
        const opened = file?.accept({ signal: giveUp.signal });
        giveUp.abort(new Error('enough'));
        await opened?.catch(() => undefined);
      },
    ],
  ])('leave their ids when they are %s', async (_how, end) => {
    const { offers, offer } = scriptToService();
    void offer('s1');
    await settled();
    await end(offers[0]);
    await settled();
    void offer('s1');
    await settled();
    expect(offers).toHaveLength(2);
  });

  test('leave their ids when their bytestream is there', async () => {
    const { romeo, juliet, offer } = await offered();
    await offer.accept();
    for (let count = 0; count < 8; count += 1) {
      void unattended(romeo.service.offer(JULIET, FILE));
    }
    await settled();
    expect(juliet.offers).toHaveLength(9);
  });

  test('are eight of one account, from whatever resource', async () => {
    const { offers, offer, offerAs } = scriptToService();
    for (let count = 0; count < 7; count += 1) void offer(`s${count}`);
    offerAs('romeo@montague.example/balcony', 's7');
    await settled();
    expect(offers).toHaveLength(8);
    await expect(offer('s8')).rejects.toMatchObject(busy);
    offers[0]?.decline();
    await settled();
    void offer('s8');
    await settled();
    expect(offers).toHaveLength(9);
  });

  test('are none of one who has made too many', async () => {
    const { offers, offer, service } = scriptToService();
    service.mayOffer = () => false;
    service.onRefused = () => {
      throw new Error('it was looked at');
    };
    await expect(offer('s1')).rejects.toMatchObject(busy);
    await expect(offer('not a sid')).rejects.toMatchObject(busy);
    expect(offers).toEqual([]);
  });

  test('are 64 in all', async () => {
    const { offers, offer, offerAs } = scriptToService();
    for (let count = 0; count < 64; count += 1) {
      offerAs(`friar${count}@verona.example/cell`, 's1');
    }
    await settled();
    expect(offers).toHaveLength(64);
    await expect(offer('s1')).rejects.toMatchObject(busy);
  });
});

describe('one who offers', () => {
  test('is told that an offer is of no use, and why', async () => {
    const { romeo } = scriptToService();
    const si = xml('si', { xmlns: stanzas.NS_SI, id: 's1', profile: 'urn:x' });
    await expect(romeo.request('set', JULIET, si)).rejects.toMatchObject({
      condition: 'bad-request',
      specific: { name: 'bad-profile', xmlns: stanzas.NS_SI },
    });
  });

  test('hears the reason of a refusal', async () => {
    const { service } = serviceToScript(() => {
      const name = 'no-valid-streams';
      throw new StanzaError('cancel', 'bad-request', '', { name, xmlns: stanzas.NS_SI });
    });
    const outcome = service.offer(JULIET, FILE);
    await expect(outcome).rejects.toMatchObject({ specific: { name: 'no-valid-streams' } });
  });

  test.each([
    ['chooses what was not offered', choice('jabber:iq:oob')],
    ['wants more than there is', `<file ${NS_FILE}><range offset='1023'/></file>${choice(IBB)}`],
  ])('opens no bytestream to one who %s', async (_what, answer) => {
    const { service, juliet } = serviceToScript(() => parse(`<si ${NS_SI}>${answer}</si>`));
    const opens: Element[] = [];
    juliet.handle('set', NS_IBB, 'open', (open) => {
      opens.push(open);
      return undefined;
    });
    await expect(service.offer(JULIET, FILE)).rejects.toThrow(StanzaError);
    await settled();
    expect(opens).toEqual([]);
  });

  test('learns which part is wanted', async () => {
    const range = `<file ${NS_FILE}><range offset='128' length='256'/></file>`;
    const { service, juliet } = serviceToScript(() =>
      parse(`<si ${NS_SI}>${range}${choice(IBB)}</si>`),
    );
    juliet.handle('set', NS_IBB, 'open', () => undefined);
    expect(await service.offer(JULIET, FILE)).toMatchObject({ offset: 128, length: 256 });
  });

  test.each([
    [undefined, 300_000],
    [1000, 1000],
  ])('with a timeout of %s waits %s ms for an answer', async (timeout, ms) => {
    fakeTimers();
    const { service } = serviceToScript(() => new Promise(() => undefined));
    const outcome = service.offer(JULIET, FILE, timeout === undefined ? {} : { timeout });
    const late = expect(outcome).rejects.toThrow(RequestTimeout);
    await settled();
    jest.advanceTimersByTime(ms - 1);
    await settled();
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(1);
    await late;
  });

  test('may have enough of waiting for an answer', async () => {
    const giveUp = new AbortController();
    const { service } = serviceToScript(() => new Promise(() => undefined));
    const outcome = service.offer(JULIET, FILE, { signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(outcome).rejects.toThrow('enough');
  });

  test('asks for smaller blocks under the id of the offer', async () => {
    const { service, juliet } = serviceToScript(() => stanzas.answer(0));
    const opens: (string | undefined)[][] = [];
    juliet.handle('set', NS_IBB, 'open', ({ attrs }) => {
      opens.push([attrs.sid, attrs['block-size']]);
      if (opens.length < 3) throw new StanzaError('modify', 'resource-constraint');
      return undefined;
    });
    const { channel } = await service.offer(JULIET, FILE);
    expect(opens).toEqual(
      ['48000', '32768', '16384'].map((size) => [(channel as Bytestream).sid, size]),
    );
  });

  test('offers nothing of unknown size', async () => {
    const { romeo, wire } = pairOfServices();
    await expect(romeo.service.offer(JULIET, { name: 'pipe' })).rejects.toThrow(RangeError);
    expect(wire).toEqual([]);
  });
});

describe('the end', () => {
  const lost = new ConnectionLost('cut');

  test('of the session is the end of offers, in both roles', async () => {
    const { outcome, romeo, juliet, offer } = await offered();
    romeo.session.end(lost);
    await expect(outcome).rejects.toBe(lost);
    juliet.session.end(lost);
    await expect(offer.accept()).rejects.toThrow('time is over');
  });

  test('of the session ends the wait for a bytestream', async () => {
    const { offers, offer, session } = scriptToService();
    void offer('s1');
    await settled();
    const opened = offers[0]?.accept();
    session.end(lost);
    await expect(opened).rejects.toBe(lost);
  });

  test('of the service declines what waits, and leaves what has begun', async () => {
    const { romeo, juliet, offer, outcome } = await offered();
    const [theirs, { channel }] = await Promise.all([offer.accept(), outcome]);
    const waiting = unattended(romeo.service.offer(JULIET, FILE));
    await settled();
    juliet.service.close();
    await expect(waiting).rejects.toMatchObject({ condition: 'forbidden' });
    const late = romeo.service.offer(JULIET, FILE);
    await expect(late).rejects.toMatchObject({ condition: 'service-unavailable' });
    channel.resume().end('x');
    expect(await takeAll(theirs)).toEqual(Buffer.from('x'));
  });

  test('of the service ends the wait for answers and bytestreams', async () => {
    const { service } = serviceToScript(() => new Promise(() => undefined));
    const outcome = service.offer(JULIET, FILE);
    await settled();
    service.close();
    await expect(outcome).rejects.toThrow('the service was closed');

    const other = scriptToService();
    void other.offer('s1');
    await settled();
    const opened = other.offers[0]?.accept();
    other.service.close();
    await expect(opened).rejects.toThrow('the service was closed');
  });
});
