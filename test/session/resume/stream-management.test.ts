import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { enable, StreamManagement } from '../../../src/session/resume/stream-management.js';
import { parse } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';

const NS = "xmlns='urn:xmpp:sm:3'";
const R = `<r xmlns="urn:xmpp:sm:3"/>`;
const A = (h: number) => `<a xmlns="urn:xmpp:sm:3" h="${h}"/>`;

/** What is written to the server. */
let written: string[];
let management: StreamManagement;

const send = (count: number) => {
  for (let index = 0; index < count; index += 1) management.sent(`<message id='${index}'/>`);
};
const handle = (count: number) => {
  for (let index = 0; index < count; index += 1) management.handled();
};
const receive = (nonza: string) => management.receive(parse(nonza));

beforeEach(() => {
  jest.useFakeTimers();
  written = [];
  management = new StreamManagement((text) => written.push(text));
});

afterEach(() => {
  jest.useRealTimers();
});

test('stream management is asked for with resumption', () => {
  expect(enable().toString()).toBe('<enable xmlns="urn:xmpp:sm:3" resume="true"/>');
});

describe('what we sent', () => {
  test('is not acknowledged before the server says so', () => {
    send(3);
    expect(management.unacknowledged).toBe(3);
    receive(`<a ${NS} h='2'/>`);
    expect(management.unacknowledged).toBe(1);
    receive(`<a ${NS} h='3'/>`);
    expect(management.unacknowledged).toBe(0);
  });

  test('tells of its characters when it is acknowledged, once', () => {
    const taken: number[] = [];
    const counting = new StreamManagement(
      () => undefined,
      (characters) => taken.push(characters),
    );
    for (const length of [10, 20, 30]) counting.sent('x'.repeat(length));
    for (const h of [2, 2, 3]) counting.receive(parse(`<a ${NS} h='${h}'/>`));
    expect(taken).toEqual([30, 0, 30]);
  });

  test('is asked about after each 64 stanzas', () => {
    send(63);
    expect(written).toEqual([]);
    send(1);
    expect(written).toEqual([R]);
    send(192);
    expect(written).toEqual([R, R, R, R]);
  });

  test('is asked about after each half a mebibyte (R261)', () => {
    const large = 'x'.repeat(128 * 1024);
    for (let count = 0; count < 3; count += 1) management.sent(large);
    expect(written).toEqual([]);
    for (let count = 3; count < 9; count += 1) management.sent(large);
    expect(written).toEqual([R, R]);
  });

  test('may be acknowledged twice', () => {
    send(2);
    receive(`<a ${NS} h='2'/>`);
    receive(`<a ${NS} h='2'/>`);
    expect(management.unacknowledged).toBe(0);
  });

  test.each(['3', '4294967295', '-1', '1', '2.5', 'many', 'NaN', 'Infinity'])(
    'cannot be acknowledged as %s when it was 2, 2 of which are acknowledged',
    (h) => {
      send(2);
      receive(`<a ${NS} h='2'/>`);
      expect(() => receive(`<a ${NS} h='${h}'/>`)).toThrow(
        'the server acknowledged stanzas that were never sent',
      );
    },
  );

  test('cannot be acknowledged without a number', () => {
    send(1);
    expect(() => receive(`<a ${NS}/>`)).toThrow('never sent');
  });

  test('is waited for until it is acknowledged', async () => {
    const done: number[] = [];
    send(2);
    const first = management.sync().then(() => done.push(2));
    expect(written).toEqual([R]);
    send(3);
    const second = management.sync().then(() => done.push(5));
    receive(`<a ${NS} h='1'/>`);
    await Promise.resolve();
    expect(done).toEqual([]);
    receive(`<a ${NS} h='4'/>`);
    await first;
    expect(done).toEqual([2]);
    receive(`<a ${NS} h='5'/>`);
    await second;
    expect(done).toEqual([2, 5]);
  });

  test('is not waited for when it is acknowledged already', async () => {
    await management.sync();
    expect(written).toEqual([]);
  });
});

describe('what the server sent', () => {
  test('is acknowledged a little after it asks, once for many questions', () => {
    handle(3);
    receive(`<r ${NS}/>`);
    handle(2);
    receive(`<r ${NS}/>`);
    jest.advanceTimersByTime(99);
    expect(written).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(written).toEqual([A(5)]);
    jest.advanceTimersByTime(10_000);
    expect(written).toEqual([A(5)]);
  });

  test('is acknowledged at once when it is much', () => {
    handle(255);
    receive(`<r ${NS}/>`);
    expect(written).toEqual([]);
    handle(1);
    expect(written).toEqual([A(256)]);
    jest.advanceTimersByTime(10_000);
    handle(256);
    expect(written).toEqual([A(256)]);
    receive(`<r ${NS}/>`);
    expect(written).toEqual([A(256), A(512)]);
    jest.advanceTimersByTime(10_000);
    expect(written).toEqual([A(256), A(512)]);
  });

  test('is acknowledged even if it is nothing', () => {
    receive(`<r ${NS}/>`);
    jest.advanceTimersByTime(100);
    expect(written).toEqual([A(0)]);
  });

  test('is acknowledged when we say so, and then no more for the question before', () => {
    handle(1);
    receive(`<r ${NS}/>`);
    management.acknowledge();
    jest.advanceTimersByTime(10_000);
    expect(written).toEqual([A(1)]);
  });

  test('is not acknowledged unasked', () => {
    handle(10_000);
    jest.advanceTimersByTime(10_000);
    expect(written).toEqual([]);
  });
});

describe('when the stream is resumed', () => {
  const resume = (h: number) =>
    void management.resume(parse(`<resumed ${NS} previd='x' h='${h}'/>`));

  test('what the server has not had goes out again in order, and is asked about', () => {
    send(5);
    receive(`<a ${NS} h='1'/>`);
    resume(3);
    expect(written).toEqual([R, "<message id='3'/>", "<message id='4'/>", R]);
    expect(management.unacknowledged).toBe(2);
    resume(4);
    expect(written.slice(4)).toEqual([R, "<message id='4'/>", R]);
  });

  test('nothing goes out again that the server has', () => {
    send(20);
    written = [];
    resume(20);
    expect(written).toEqual([R]);
    expect(management.unacknowledged).toBe(0);
  });

  test.each([0, 6, 7])('%i stanzas are not taken for those that were sent', (h) => {
    send(5);
    receive(`<a ${NS} h='1'/>`);
    expect(() => resume(h)).toThrow('never sent');
    expect(written).toEqual([]);
  });

  test('the counts go on', () => {
    send(3);
    handle(7);
    resume(3);
    expect(management.h).toBe(7);
    send(1);
    receive(`<a ${NS} h='4'/>`);
    expect(management.unacknowledged).toBe(0);
    handle(1);
    receive(`<r ${NS}/>`);
    jest.advanceTimersByTime(100);
    expect(written).toEqual([R, A(8)]);
  });

  test('who waits for an acknowledgement gets it, by <resumed/> or later', async () => {
    const done: number[] = [];
    send(1);
    const first = management.sync().then(() => done.push(1));
    send(1);
    const second = management.sync().then(() => done.push(2));
    resume(1);
    await first;
    expect(done).toEqual([1]);
    receive(`<a ${NS} h='2'/>`);
    await second;
  });

  test('a question on the old stream is not answered on the new one', () => {
    receive(`<r ${NS}/>`);
    management.suspend();
    resume(0);
    jest.advanceTimersByTime(10_000);
    expect(written).toEqual([R]);
  });

  test('the server is known to hear us when it answers, not before', async () => {
    let heard = false;
    send(1);
    const resumed = parse(`<resumed ${NS} previd='x' h='0'/>`);
    const told = management.resume(resumed).then(() => {
      heard = true;
    });
    await settled();
    expect(heard).toBe(false);
    receive(`<a ${NS} h='0'/>`);
    await told;
  });

  test('5,000 stanzas each way are counted right, whatever was acknowledged of them', () => {
    for (let h = 16; h <= 5_000; h += 16) {
      send(16);
      receive(`<a ${NS} h='${h}'/>`);
    }
    send(20);
    handle(5_123);
    written = [];
    resume(5_000);
    expect(written).toEqual([
      R,
      ...Array.from({ length: 12 }, (_, index) => `<message id='${index + 8}'/>`),
      R,
    ]);
    expect(management.h).toBe(5_123);
  });
});

test('what a server does not acknowledge is kept up to a limit, and then cannot be resumed (R23)', () => {
  const large = 'x'.repeat(1024 * 1024);
  for (let count = 0; count < 32; count += 1) management.sent(large);
  expect(management.complete).toBe(true);
  receive(`<a ${NS} h='1'/>`);
  management.sent(large);
  expect(management.complete).toBe(true);
  management.sent(large);
  expect(management.complete).toBe(false);
  receive(`<a ${NS} h='34'/>`);
  expect(management.complete).toBe(false);
});

test('a long stanza is made anew where it has to go again, and not before (R261)', () => {
  const long = 'x'.repeat(2_048);
  let made = 0;
  for (const id of [0, 1, 2]) {
    management.sent(long, () => {
      made += 1;
      return `${long}${id}`;
    });
  }
  expect(made).toBe(0);
  void management.resume(parse(`<resumed ${NS} previd='x' h='1'/>`));
  expect([made, written]).toEqual([2, [R, `${long}1`, `${long}2`, R]]);
});

test('elements of other kinds say nothing', () => {
  send(1);
  receive(`<failed ${NS}/>`);
  receive("<a xmlns='urn:x' h='1'/>");
  jest.advanceTimersByTime(10_000);
  expect([written, management.unacknowledged]).toEqual([[], 1]);
});
