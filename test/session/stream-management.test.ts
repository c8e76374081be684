import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { enable, StreamManagement } from '../../src/session/stream-management.js';
import { parse } from '../support/linked-sessions.js';

const NS = "xmlns='urn:xmpp:sm:3'";
const R = `<r xmlns="urn:xmpp:sm:3"/>`;
const A = (h: number) => `<a xmlns="urn:xmpp:sm:3" h="${h}"/>`;

/** What is written to the server, spaces left out. */
let written: string[];
let raw: string[];
let management: StreamManagement;

const send = (count: number) => {
  for (let index = 0; index < count; index += 1) management.sent();
};
const handle = (count: number) => {
  for (let index = 0; index < count; index += 1) management.handled();
};
const receive = (nonza: string) => management.receive(parse(nonza));

beforeEach(() => {
  jest.useFakeTimers();
  raw = [];
  written = [];
  management = new StreamManagement((text) => {
    raw.push(text);
    if (text.trim()) written.push(text);
  });
});

afterEach(() => {
  jest.useRealTimers();
});

test('stream management is asked for without resumption', () => {
  expect(enable().toString()).toBe('<enable xmlns="urn:xmpp:sm:3"/>');
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

  test('is asked about after each 16 stanzas', () => {
    send(15);
    expect(written).toEqual([]);
    send(1);
    expect(written).toEqual([R]);
    send(48);
    expect(written).toEqual([R, R, R, R]);
  });

  test('may be acknowledged twice', () => {
    send(2);
    receive(`<a ${NS} h='2'/>`);
    receive(`<a ${NS} h='2'/>`);
    expect(management.unacknowledged).toBe(0);
  });

  test.each(['3', '4294967295', '-1', '1', 'many', 'NaN', 'Infinity'])(
    'cannot be acknowledged as %s when it was 2, 2 of which are acknowledged',
    (h) => {
      send(2);
      receive(`<a ${NS} h='2'/>`);
      expect(() => receive(`<a ${NS} h='${h}'/>`)).toThrow('never sent');
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

  test('that is acknowledged is answered with a space, so that the server sends on', () => {
    send(1);
    receive(`<a ${NS} h='1'/>`);
    expect(raw).toEqual([' ']);
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
    receive(`<r ${NS}/>`);
    expect(written).toEqual([A(256)]);
    jest.advanceTimersByTime(10_000);
    expect(written).toEqual([A(256)]);
    handle(255);
    receive(`<r ${NS}/>`);
    expect(written).toEqual([A(256)]);
    handle(1);
    receive(`<r ${NS}/>`);
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

test('elements of other kinds say nothing', () => {
  send(1);
  receive(`<resumed ${NS} h='1' previd='x'/>`);
  receive(`<failed ${NS}/>`);
  receive("<a xmlns='urn:x' h='1'/>");
  jest.advanceTimersByTime(10_000);
  expect([raw, management.unacknowledged]).toEqual([[], 1]);
});
