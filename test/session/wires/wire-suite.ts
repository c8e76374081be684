import { EventEmitter, once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { ConnectionFailed } from '../../../src/session/stream/connection-errors.js';
import { isEmptied } from '../../../src/session/stream/parser.js';
import type { StreamReader, Wire } from '../../../src/session/stream/wire.js';
import { XmppStream } from '../../../src/session/stream/xmpp-stream.js';
import type { Element } from '../../../src/session/xml.js';

/** The other end of a wire: a server, as the tests have it act. */
export interface FarEnd {
  /** Opens its side of the stream. */
  open(): void;
  /** Sends an element as it stands. */
  send(element: string): void;
  /** Sends what says that it is there, and no more. */
  keepAlive(): void;
  /** Says that the stream is over. */
  end(): void;
  /** Cuts the connection. */
  cut(): void;
  /** Reads nothing, or goes on. */
  pause(): void;
  resume(): void;
  /** What came so far. */
  received(): string;
  /** Waits for this to come. */
  until(text: string): Promise<void>;
}

/** How one kind of wire is made, and how it writes. */
export interface WireKind {
  connect(): Promise<{ wire: Wire; far: FarEnd }>;
  /** What opens a stream, up to its end. */
  opening: string;
  /** What ends one. */
  ending: string;
  /** What an element without a namespace begins with. */
  name(name: string): string;
}

const ADDRESSES = { to: 'montague.example', from: 'romeo@montague.example' };
const JULIET = 'juliet@capulet.example/balcony';

export const SOON_MS = 2_000;

/** Milliseconds by a clock that goes on to what is due next, from a beginning to an end. */
export async function timeUntil(end: Promise<unknown>, begin: () => void): Promise<number> {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
  try {
    const begun = performance.now();
    let isOver = false;
    void end.then(() => {
      isOver = true;
    });
    begin();
    while (!isOver) {
      await setImmediate();
      jest.advanceTimersToNextTimer();
    }
    return performance.now() - begun;
  } finally {
    jest.useRealTimers();
  }
}

/** What all that carries streams has in common. */
export function wireSuite(kind: WireKind): void {
  /** A stream that both sides have opened, and what is heard of it. */
  async function opened() {
    const { wire, far } = await kind.connect();
    const heard: Element[] = [];
    const news = new EventEmitter();
    const reader: StreamReader = {
      element: (element) => {
        heard.push(element);
        news.emit(element.attrs.id ?? '');
      },
      itemReader: () => undefined,
      end: () => undefined,
    };
    wire.open(ADDRESSES, reader);
    await far.until(kind.opening);
    far.open();
    return { wire, far, heard, news };
  }

  const message = (id: string, text = '') =>
    `<message xmlns='jabber:client' from='${JULIET}' id='${id}'><body>${text}</body></message>`;
  const ids = (elements: Element[]) => elements.map(({ attrs: { id } }) => id);

  /** What is heard of all that was sent before. */
  async function read({ far, heard, news }: Awaited<ReturnType<typeof opened>>) {
    const last = once(news, 'last');
    far.send(message('last'));
    await last;
    return heard.slice(0, -1);
  }

  test('opens a stream to a domain, as an account', async () => {
    const { wire, far } = await opened();
    expect(far.received()).toContain(`to="${ADDRESSES.to}"`);
    expect(far.received()).toContain(`from="${ADDRESSES.from}"`);
    expect(wire.tls).toBe('TLSv1.3');
    wire.destroy();
  });

  test('hands over each element, whole and in order', async () => {
    const one = await opened();
    one.far.send(message('1', 'a &lt; ü 文'));
    one.far.send(message('2'));
    const heard = await read(one);
    expect(ids(heard)).toEqual(['1', '2']);
    expect(heard[0]?.getChild('body')?.getText()).toBe('a < ü 文');
    expect(heard[0]?.is('message', 'jabber:client')).toBe(true);
    one.wire.destroy();
  });

  test('writes each element, whole and in order, and tells when it is gone', async () => {
    const { wire, far } = await opened();
    const sizes = [0, 1, 100, 5_000, 40_000, 10];
    const bodies = sizes.map((size, index) => `<body>${index}${'ü'.repeat(size)}</body>`);
    await Promise.all(bodies.map((body) => wire.write(`<message to="x">${body}</message>`)));
    expect(wire.unsentCharacters).toBe(0);
    const texts = bodies.map((body) => `${kind.name('message')} to="x">${body}</message>`);
    await far.until(texts.at(-1) as string);
    const received = far.received();
    const places = texts.map((text) => received.indexOf(text));
    expect(places).not.toContain(-1);
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    wire.destroy();
  });

  test('hears nothing more of a stream in whose place another one is opened', async () => {
    const one = await opened();
    await read(one);
    const { wire, far, heard } = one;
    const later: Element[] = [];
    const second = new Promise<void>((resolve) => {
      wire.open(ADDRESSES, {
        element: (element) => {
          later.push(element);
          resolve();
        },
        itemReader: () => undefined,
        end: () => undefined,
      });
    });
    far.open();
    far.send(message('later'));
    await second;
    expect(ids(later)).toEqual(['later']);
    expect(ids(heard)).toEqual(['last']);
    wire.destroy();
  });

  test('goes on behind an element that is too large', async () => {
    const one = await opened();
    one.far.send(message('large', 'x'.repeat(5_000_000)));
    one.far.send(message('small'));
    const heard = await read(one);
    expect(ids(heard)).toEqual(['large', 'small']);
    expect(heard.map(isEmptied)).toEqual([true, false]);
    one.wire.destroy();
  });

  test('hands over the items of a payload as they come', async () => {
    const { wire, far } = await kind.connect();
    const items: string[] = [];
    const over = new Promise<Element>((resolve) => {
      wire.open(ADDRESSES, {
        element: resolve,
        itemReader: ({ attrs: { id } }) =>
          id === 'roster' ? (item) => void items.push(item.attrs.jid ?? '') : undefined,
        end: () => undefined,
      });
    });
    far.open();
    far.send(
      "<iq xmlns='jabber:client' id='roster'><query xmlns='x'><item jid='a'/><item jid='b'/></query></iq>",
    );
    expect((await over).getChild('query', 'x')?.getChildElements()).toEqual([]);
    expect(items).toEqual(['a', 'b']);
    wire.destroy();
  });

  test('tells of whatever arrives', async () => {
    const { wire, far } = await opened();
    const told = new Promise<void>((resolve) => wire.onRead(resolve));
    far.keepAlive();
    await told;
    wire.destroy();
  });

  describe('ends', () => {
    test('with what its reader throws', async () => {
      const { wire, far } = await kind.connect();
      const error = new Error('not asked for');
      const reader: StreamReader = {
        element: () => {
          throw error;
        },
        itemReader: () => undefined,
        end: () => undefined,
      };
      wire.open(ADDRESSES, reader);
      far.open();
      far.send(message('1'));
      expect(await wire.closed).toBe(error);
    });

    test.each([
      ['XML that is broken', '<message></presence>'],
      ['a document type', '<!DOCTYPE x>'],
      ['a comment', '<!-- x -->'],
      ['an entity of its own', '<message>&x;</message>'],
    ])('at %s', async (_what, text) => {
      const { wire, far, heard } = await opened();
      far.send(text);
      expect(await wire.closed).toBeInstanceOf(Error);
      expect(heard).toEqual([]);
    });

    test('where another stream than that of XMPP is opened', async () => {
      const { wire, far } = await kind.connect();
      wire.open(ADDRESSES, {
        element: () => undefined,
        itemReader: () => undefined,
        end: () => undefined,
      });
      await far.until(kind.opening);
      far.send("<other xmlns='x'>");
      expect(await wire.closed).toBeInstanceOf(Error);
    });

    test('in good order when both sides have said so, whoever was first', async () => {
      for (const first of ['wire', 'far'] as const) {
        const { wire, far } = await opened();
        if (first === 'wire') wire.end();
        else far.end();
        if (first === 'wire') await far.until(kind.ending);
        if (first === 'wire') far.end();
        expect(await wire.closed).toBeUndefined();
      }
    });

    test.each(['wire', 'far'] as const)(
      'and refuses what is written after that, where the end of the %s was first',
      async (first) => {
        const { wire, far } = await kind.connect();
        const ended = new Promise<void>((resolve) => {
          wire.open(ADDRESSES, {
            element: () => undefined,
            itemReader: () => undefined,
            end: resolve,
          });
        });
        await far.until(kind.opening);
        far.open();
        const before = wire.write('<before/>');
        if (first === 'wire') wire.end();
        else far.end();
        if (first === 'far') await ended;
        await expect(wire.write('<behind/>')).rejects.toThrow('the stream is closed');
        wire.end();
        if (first === 'wire') await far.until(kind.ending);
        if (first === 'wire') far.end();
        await before;
        expect(await wire.closed).toBeUndefined();
        expect(far.received()).toContain(kind.name('before'));
        expect(far.received()).not.toContain('behind');
        expect(far.received().split(kind.ending).length).toBeLessThanOrEqual(2);
      },
    );

    test('by the first error that it is cut for, and writes nothing more', async () => {
      const { wire } = await opened();
      const error = new Error('the first');
      wire.fail(error);
      wire.fail(new Error('the second'));
      expect(await wire.closed).toBe(error);
      await expect(wire.write('<presence/>')).rejects.toThrow();
    });

    test('when it is cut, and lets nobody wait', async () => {
      const { wire, far } = await opened();
      far.pause();
      const written = Array.from({ length: 100 }, () =>
        wire.write(`<message>${'x'.repeat(200_000)}</message>`),
      );
      const outcomes = Promise.allSettled(written);
      far.cut();
      await wire.closed;
      expect((await outcomes).at(-1)?.status).toBe('rejected');
    });
  });

  test('counts what waits while the server reads nothing, and goes on when it does', async () => {
    const { wire, far } = await opened();
    far.pause();
    const text = `<message>${'x'.repeat(200_000)}</message>`;
    const written = Array.from({ length: 100 }, () => wire.write(text));
    await written[0];
    // Kernels hold some megabytes on loopback.
    expect(wire.unsentCharacters).toBeGreaterThan(5_000_000);
    far.resume();
    await Promise.all(written);
    expect(wire.unsentCharacters).toBe(0);
    wire.destroy();
  });

  test.each([
    ['reads nothing', 0],
    ['has read nothing for long', 100],
  ])(
    'ends, as a stream, soon after a server has ended it that %s (R1192)',
    async (_what, count) => {
      const { wire, far } = await kind.connect();
      const stream = new XmppStream(wire);
      stream.open(ADDRESSES.to, ADDRESSES.from);
      await far.until(kind.opening);
      far.open();
      far.pause();
      const outcomes = Array.from({ length: count }, () =>
        stream.write(`<message>${'x'.repeat(200_000)}</message>`).catch(() => undefined),
      );
      const time = await timeUntil(stream.closed, () => far.end());
      expect(await stream.closed).toBeUndefined();
      expect(time).toBeLessThanOrEqual(SOON_MS);
      await Promise.all(outcomes);
    },
  );

  test('ends in good order, where the server has ended it, and reads on only then (R1297)', async () => {
    const { wire, far } = await kind.connect();
    const ended = new Promise<void>((resolve) => {
      wire.open(ADDRESSES, {
        element: () => undefined,
        itemReader: () => undefined,
        end: resolve,
      });
    });
    await far.until(kind.opening);
    far.open();
    far.pause();
    const written = Array.from({ length: 100 }, () =>
      wire.write(`<message>${'x'.repeat(200_000)}</message>`),
    );
    const outcomes = Promise.allSettled(written);
    far.end();
    await ended;
    far.resume();
    expect(await wire.closed).toBeUndefined();
    await outcomes;
  });

  test.each([
    ['few that are long', 'x'.repeat(500_000)],
    // The most pieces that so many characters can be written in.
    ['many that are short', '文'.repeat(4_000)],
  ])(
    'ends, as a stream, before what waits fills the memory: stanzas, %s (R1296)',
    async (_what, body) => {
      const { wire, far } = await kind.connect();
      const stream = new XmppStream(wire);
      stream.open(ADDRESSES.to, ADDRESSES.from);
      await far.until(kind.opening);
      far.pause();
      const count = Math.ceil(35_000_000 / body.length);
      const written = Array.from({ length: count }, () =>
        stream.write(`<message>${body}</message>`),
      );
      const outcomes = Promise.allSettled(written);
      const error = await stream.closed;
      expect(error).toBeInstanceOf(ConnectionFailed);
      expect(error?.message).toBe('the server reads too slowly for what waits to be sent');
      expect((await outcomes).at(-1)?.status).toBe('rejected');
    },
  );
}
