import { describe, expect, jest, test } from '@jest/globals';
import { RequestTimeout } from '../../src/session/requests.js';
import { StanzaError } from '../../src/session/stanza-error.js';
import {
  ConnectionLost,
  StanzaSession,
  type StanzaSessionOptions,
} from '../../src/session/stanza-session.js';
import { type Element, xml } from '../../src/session/xml.js';
import { JULIET, linkedSessions, parse, ROMEO } from '../support/linked-sessions.js';
import { settled } from '../support/manual-clock.js';

const NS = 'urn:example:test';
const ask = () => xml('ask', { xmlns: NS });

/** Juliet's session with a wire that the test holds in its hand. */
function juliet(options?: StanzaSessionOptions) {
  const sent: Element[] = [];
  const closed: boolean[] = [];
  const session = new StanzaSession(
    JULIET,
    {
      write: async (stanza) => void sent.push(parse(stanza.toString())),
      close: async () => void closed.push(true),
    },
    options,
  );
  const receive = async (text: string) => {
    session.receive(parse(text));
    await settled();
  };
  const last = () => sent.at(-1)?.toString();
  return { session, sent, closed, receive, last };
}

test('what has a handler gets no second one', () => {
  const { session } = juliet();
  const answer = async () => undefined;
  session.handle('get', NS, 'ask', answer);
  expect(() => session.handle('get', NS, 'ask', answer)).toThrow(
    /^a handler for .* is there already$/,
  );
});

/** An iq as it comes off the wire. */
const iq = (attributes: string, payload = `<ask xmlns='${NS}'/>`) =>
  `<iq ${attributes}>${payload}</iq>`;

const errorIn = (stanza: Element | undefined) => {
  if (!stanza) throw new Error('nothing was sent');
  const { type, condition } = StanzaError.fromStanza(stanza);
  return `${condition}/${type}`;
};

describe('a request', () => {
  test('resolves to the result, whole', async () => {
    const [romeo, her] = linkedSessions();
    her.handle('get', NS, 'ask', () => xml('answer', { xmlns: NS }, 'yes'));
    const reply = await romeo.request('get', JULIET, ask());
    expect(reply.attrs).toMatchObject({ from: JULIET, type: 'result' });
    expect(reply.getChild('answer', NS)?.getText()).toBe('yes');
  });

  test('resolves to an empty result where there is nothing to say', async () => {
    const [romeo, her] = linkedSessions();
    her.handle('set', NS, 'ask', () => undefined);
    expect((await romeo.request('set', JULIET, ask())).getChildElements()).toEqual([]);
  });

  test('rejects with the error that came', async () => {
    const [romeo, her] = linkedSessions();
    her.handle('get', NS, 'ask', () => {
      throw new StanzaError('auth', 'forbidden', 'not today');
    });
    const reply = romeo.request('get', JULIET, ask());
    await expect(reply).rejects.toMatchObject({
      name: 'StanzaError',
      type: 'auth',
      condition: 'forbidden',
      text: 'not today',
    });
  });

  test('goes to the own server where no one is named', async () => {
    const { session, sent } = juliet();
    const reply = session.request('get', undefined, ask());
    expect(sent[0]?.attrs).not.toHaveProperty('to');
    expect(sent[0]?.attrs).toMatchObject({ type: 'get' });
    session.end(new ConnectionLost('cut'));
    await expect(reply).rejects.toThrow('cut');
  });

  test('rejects when it could not be written', async () => {
    const session = new StanzaSession(ROMEO, {
      write: () => Promise.reject(new Error('broken pipe')),
      close: async () => undefined,
    });
    await expect(session.request('get', JULIET, ask())).rejects.toThrow('broken pipe');
  });

  test('is not sent when its signal is aborted already', async () => {
    const { session, sent } = juliet();
    const signal = AbortSignal.abort(new Error('interrupted'));
    const reply = session.request('get', ROMEO, ask(), { signal });
    await expect(reply).rejects.toThrow('interrupted');
    expect(sent.map(String)).toEqual([]);
  });

  test('is not sent after the session has ended', async () => {
    const { session, sent } = juliet();
    const lost = new ConnectionLost('cut');
    session.end(lost);
    await expect(session.request('get', ROMEO, ask())).rejects.toBe(lost);
    await expect(session.send(xml('presence'))).rejects.toBe(lost);
    expect(sent.map(String)).toEqual([]);
  });
});

test('a request that is neither get nor set goes to nobody (R1254)', async () => {
  const { session, sent } = juliet();
  const asked = session.request('upload.example.org' as 'get', 'get', ask());
  await expect(asked).rejects.toThrow(new TypeError('a request is a get or a set'));
  expect(sent).toEqual([]);
});

describe('a request of a peer', () => {
  test('is handed to the handler of its type, namespace and name, with its sender and id', async () => {
    const { session, receive, last } = juliet();
    const seen: unknown[] = [];
    session.handle('get', NS, 'ask', (payload, context) => {
      seen.push(payload.toString(), context);
      return undefined;
    });
    await receive(iq(`type='get' id='1' from='${ROMEO}'`));
    expect(seen).toEqual([
      `<ask xmlns="${NS}"/>`,
      { from: ROMEO, id: '1', answered: expect.any(Promise) },
    ]);
    expect(last()).toBe(`<iq type="result" to="${ROMEO}" id="1"/>`);
  });

  test('can be followed up by what is written in the same turn, behind the answer (R1091)', async () => {
    const { session, receive, sent } = juliet();
    let sentInTurn = 0;
    session.handle('get', NS, 'ask', (_payload, { answered }) => {
      void answered.then(() => session.send(xml('presence')));
      return undefined;
    });
    const received = receive(iq(`type='get' id='1' from='${ROMEO}'`));
    process.nextTick(() => {
      sentInTurn = sent.length;
    });
    await received;
    expect(sent.map(({ name }) => name)).toEqual(['iq', 'presence']);
    expect(sentInTurn).toBe(2);
  });

  test('without a sender is from the own account', async () => {
    const { session, receive, last } = juliet();
    const senders: string[] = [];
    session.handle('set', NS, 'ask', (_payload, { from }) => {
      senders.push(from);
      return undefined;
    });
    await receive(iq("type='set' id='1'"));
    expect(senders).toEqual(['juliet@capulet.example']);
    expect(last()).toBe('<iq type="result" id="1"/>');
  });

  test.each([
    ['type', `type='set' id='1' from='${ROMEO}'`, `<ask xmlns='${NS}'/>`],
    ['namespace', `type='get' id='1' from='${ROMEO}'`, "<ask xmlns='urn:example:other'/>"],
    ['name', `type='get' id='1' from='${ROMEO}'`, `<tell xmlns='${NS}'/>`],
    ['payload', `type='get' id='1' from='${ROMEO}'`, ''],
    ['known type', `type='constructor' id='1' from='${ROMEO}'`, `<ask xmlns='${NS}'/>`],
    ['namespace of a prefix', `type='get' id='1' from='${ROMEO}'`, `<x:ask xmlns:x='urn:x'/>`],
  ])('of another %s is service-unavailable', async (_what, attributes, payload) => {
    const { session, receive, sent } = juliet();
    session.handle('get', NS, 'ask', () => undefined);
    await receive(iq(attributes, payload));
    expect(sent.map(errorIn)).toEqual(['service-unavailable/cancel']);
  });

  test('with two payloads is a bad request', async () => {
    const { session, receive, sent } = juliet();
    const handler = jest.fn(() => undefined);
    session.handle('get', NS, 'ask', handler);
    const both = `<ask xmlns='${NS}'/><ask xmlns='${NS}'/>`;
    await receive(iq(`type='get' id='1' from='${ROMEO}'`, both));
    expect(sent.map(errorIn)).toEqual(['bad-request/modify']);
    expect(handler).not.toHaveBeenCalled();
  });

  test('is not echoed in the answer, however large (R22)', async () => {
    const { receive, last } = juliet();
    const junk = `<junk xmlns='urn:junk'>${'x'.repeat(100_000)}</junk>`;
    await receive(iq(`type='get' id='1' from='${ROMEO}'`, junk));
    expect(last()?.length).toBeLessThan(400);
    expect(last()).not.toContain('junk');
  });

  test('inside another element is not looked at', async () => {
    const { session, receive, sent } = juliet();
    const handler = jest.fn(() => undefined);
    session.handle('set', NS, 'ask', handler);
    const forwarded = `<forwarded xmlns='urn:xmpp:forward:0'>${iq("type='set' id='2'")}</forwarded>`;
    await receive(iq(`type='set' id='1' from='${ROMEO}'`, forwarded));
    await receive(`<message from='${ROMEO}'>${iq("type='set' id='3'")}</message>`);
    expect(handler).not.toHaveBeenCalled();
    expect(sent.map(errorIn)).toEqual(['service-unavailable/cancel']);
  });

  test('without an id gets no answer', async () => {
    const { session, receive, sent } = juliet();
    session.handle('get', NS, 'ask', () => undefined);
    await receive(iq(`type='get' from='${ROMEO}'`));
    expect(sent.map(String)).toEqual([]);
  });

  test.each(['@', 'romeo@', 'ro meo@montague.example', 'romeo@montague.example/'])(
    'from %j, which is no address, gets no answer',
    async (from) => {
      const { session, receive, sent } = juliet();
      const handler = jest.fn(() => undefined);
      session.handle('get', NS, 'ask', handler);
      await receive(iq(`type='get' id='1' from='${from}'`));
      expect(sent.map(String)).toEqual([]);
      expect(handler).not.toHaveBeenCalled();
    },
  );

  test('that nobody made is not answered: results and errors have no answer', async () => {
    const { receive, sent } = juliet();
    await receive(iq(`type='result' id='1' from='${ROMEO}'`));
    await receive(iq(`type='error' id='2' from='${ROMEO}'`));
    expect(sent.map(String)).toEqual([]);
  });

  test('that fails for a reason of ours says nothing of it, and we are told', async () => {
    const errors: Error[] = [];
    const { session, receive, sent, last } = juliet({ onError: (error) => errors.push(error) });
    const error = new Error('ENOENT: /srv/secret');
    session.handle('get', NS, 'ask', () => Promise.reject(error));
    await receive(iq(`type='get' id='1' from='${ROMEO}'`));
    expect(sent.map(errorIn)).toEqual(['internal-server-error/cancel']);
    expect(last()).not.toContain('secret');
    expect(errors).toEqual([error]);
  });

  test('that is refused is not told to us', async () => {
    const errors: Error[] = [];
    const { session, receive } = juliet({ onError: (error) => errors.push(error) });
    session.handle('get', NS, 'ask', () => {
      throw new StanzaError('cancel', 'not-acceptable');
    });
    await receive(iq(`type='get' id='1' from='${ROMEO}'`));
    expect(errors).toEqual([]);
  });

  test('is answered when its handler is done, while others are answered', async () => {
    const { session, receive, sent } = juliet();
    let done = (_answer: undefined) => {};
    session.handle('get', NS, 'ask', (_payload, { id }) =>
      id === '1'
        ? new Promise((resolve) => {
            done = resolve;
          })
        : undefined,
    );
    await receive(iq(`type='get' id='1' from='${ROMEO}'`));
    await receive(iq(`type='get' id='2' from='${ROMEO}'`));
    expect(sent.map(({ attrs }) => attrs.id)).toEqual(['2']);
    done(undefined);
    await settled();
    expect(sent.map(({ attrs }) => attrs.id)).toEqual(['2', '1']);
  });

  test('whose answer cannot be written ends nothing', async () => {
    const session = new StanzaSession(JULIET, {
      write: () => Promise.reject(new Error('broken pipe')),
      close: async () => undefined,
    });
    session.handle('get', NS, 'ask', () => undefined);
    session.receive(parse(iq(`type='get' id='1' from='${ROMEO}'`)));
    await settled();
    expect(session.ended.aborted).toBe(false);
  });

  test('is not heard after the session has ended', async () => {
    const { session, receive, sent } = juliet();
    const handler = jest.fn(() => undefined);
    session.handle('get', NS, 'ask', handler);
    session.end(new ConnectionLost('cut'));
    await receive(iq(`type='get' id='1' from='${ROMEO}'`));
    expect([handler.mock.calls.length, sent.length]).toEqual([0, 0]);
  });
});

describe('a handler', () => {
  test('is one for each kind of request', () => {
    const { session } = juliet();
    session.handle('get', NS, 'ask', () => undefined);
    expect(() => session.handle('get', NS, 'ask', () => undefined)).toThrow('already');
    expect(() => session.handle('set', NS, 'ask', () => undefined)).not.toThrow();
  });

  test('that was taken away answers no more, and makes room for another', async () => {
    const { session, receive, sent } = juliet();
    const undo = session.handle('get', NS, 'ask', () => undefined);
    undo();
    await receive(iq(`type='get' id='1' from='${ROMEO}'`));
    expect(sent.map(errorIn)).toEqual(['service-unavailable/cancel']);
    expect(() => session.handle('get', NS, 'ask', () => undefined)).not.toThrow();
  });
});

describe('who is not admitted', () => {
  const options = { admit: (from: string) => from === ROMEO };

  test('gets what a resource gives that is not there, and no handler runs', async () => {
    const { session, receive, sent, last } = juliet(options);
    const handler = jest.fn(() => undefined);
    session.handle('get', NS, 'ask', handler);
    await receive(iq("type='get' id='1' from='tybalt@capulet.example/street'"));
    expect(errorIn(sent[0])).toBe('service-unavailable/cancel');
    const refused = last()?.replace('id="1"', '');
    // The same as for what nobody handles.
    await receive(
      iq("type='get' id='2' from='tybalt@capulet.example/street'", '<x xmlns="urn:x"/>'),
    );
    expect(last()?.replace('id="2"', '')).toBe(refused);
    await receive(iq("type='get' id='3' from='tybalt@capulet.example/street'", '<a/><b/>'));
    expect(last()?.replace('id="3"', '')).toBe(refused);
    expect(handler).not.toHaveBeenCalled();
  });

  test('and who asks for what is not here, may be refused only so often, and then hears nothing (R22)', async () => {
    const mayRefuse = jest.fn(() => true);
    const { session, receive, sent } = juliet({ ...options, mayRefuse });
    session.handle('get', NS, 'ask', () => undefined);
    const stranger = "from='tybalt@capulet.example/street'";
    await receive(iq(`type='get' id='1' ${stranger}`));
    mayRefuse.mockReturnValue(false);
    await receive(iq(`type='get' id='2' ${stranger}`));
    await receive(iq(`type='get' id='3' from='${ROMEO}'`, '<x xmlns="urn:x"/>'));
    await receive(iq(`type='get' id='4' from='${ROMEO}'`));
    expect(sent.map(({ attrs }) => `${attrs.id} ${attrs.type}`)).toEqual(['1 error', '4 result']);
    expect(mayRefuse.mock.calls).toEqual([
      ['tybalt@capulet.example/street', 1],
      ['tybalt@capulet.example/street', 1],
      [ROMEO, 1],
    ]);
  });

  test('nothing of one is looked at for whom too many answers wait (R120)', () => {
    const write = jest.fn(async () => undefined);
    const isFull = (to: string) => to === ROMEO;
    const session = new StanzaSession(JULIET, { write, isFull, close: async () => undefined });
    const [handler, listener] = [jest.fn(() => undefined), jest.fn()];
    session.handle('get', NS, 'ask', handler);
    session.onMessage(listener);
    for (const from of [ROMEO, 'nurse@capulet.example/hall']) {
      session.receive(parse(iq(`type='get' id='1' from='${from}'`)));
      session.receive(parse(`<message from='${from}'/>`));
    }
    expect([handler, listener].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  test('what has an id longer than 1 KiB is dropped, for the id goes back with each answer (R120)', async () => {
    const { session, receive, sent } = juliet(options);
    const listener = jest.fn();
    session.handle('get', NS, 'ask', () => undefined);
    session.onMessage(listener);
    for (const id of ['x'.repeat(1_024), 'x'.repeat(1_025), 'ü'.repeat(513), 'x'.repeat(200_000)]) {
      await receive(iq(`type='get' id='${id}' from='tybalt@capulet.example/street'`));
      await receive(iq(`type='get' id='${id}' from='${ROMEO}'`));
      await receive(`<message id='${id}' from='${ROMEO}'/>`);
    }
    expect(sent.map(({ attrs }) => `${attrs.id?.length} ${attrs.type}`)).toEqual([
      ...['1024 error', '1024 result'],
    ]);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('who is far behind asks later for what is long, and has what is short (R120)', async () => {
    const written: Element[] = [];
    const session = new StanzaSession(JULIET, {
      write: async (stanza) => void written.push(stanza),
      isBehind: (to) => to === ROMEO,
      close: async () => undefined,
    });
    session.handle('get', NS, 'ask', () => xml('blob', { xmlns: NS }));
    session.handle('set', NS, 'ask', () => xml('done', { xmlns: NS }));
    session.handle('get', NS, 'ping', () => undefined);
    for (const from of [ROMEO, 'nurse@capulet.example/hall']) {
      session.receive(parse(iq(`type='get' id='blob' from='${from}'`)));
      session.receive(parse(iq(`type='set' id='set' from='${from}'`)));
      session.receive(parse(iq(`type='get' id='ping' from='${from}'`, `<ping xmlns='${NS}'/>`)));
    }
    await settled();
    const types = (jid: string) => {
      const answers = written.filter(({ attrs }) => attrs.to === jid);
      return Object.fromEntries(answers.map(({ attrs: { id, type } }) => [id, type]));
    };
    expect(types('nurse@capulet.example/hall')).toEqual({
      ...{ blob: 'result', set: 'result', ping: 'result' },
    });
    expect(types(ROMEO)).toEqual({ blob: 'error', set: 'result', ping: 'result' });
    expect(errorIn(written.find(({ attrs }) => attrs.type === 'error'))).toBe(
      'resource-constraint/wait',
    );
  });

  test('is neither the one who is, nor the own account and its server', async () => {
    const { session, receive, sent } = juliet(options);
    session.handle('get', NS, 'ask', () => undefined);
    for (const from of [`from='${ROMEO}'`, '', "from='juliet@capulet.example'"]) {
      await receive(iq(`type='get' id='1' ${from}`));
    }
    expect(sent.map(({ attrs }) => attrs.type)).toEqual(['result', 'result', 'result']);
  });

  test('may be another resource of the own account', async () => {
    const { session, receive, sent } = juliet(options);
    session.handle('get', NS, 'ask', () => undefined);
    await receive(iq("type='get' id='1' from='juliet@capulet.example/chamber'"));
    expect(sent.map(errorIn)).toEqual(['service-unavailable/cancel']);
  });
});

describe('messages and presence', () => {
  test('go to all who listen, and get no answer', async () => {
    const { session, receive, sent } = juliet();
    const heard: string[] = [];
    session.onMessage((message) => heard.push(`1 ${message.attrs.id}`));
    const undo = session.onMessage((message) => heard.push(`2 ${message.attrs.id}`));
    session.onPresence((presence) => heard.push(`3 ${presence.attrs.id}`));
    await receive(`<message id='a' from='${ROMEO}'/>`);
    await receive(`<presence id='b' from='${ROMEO}'/>`);
    undo();
    await receive(`<message id='c' type='error' from='${ROMEO}'/>`);
    expect(heard).toEqual(['1 a', '2 a', '3 b', '1 c']);
    expect(sent.map(String)).toEqual([]);
  });

  test('from no address are heard by nobody', async () => {
    const { session, receive } = juliet();
    const listener = jest.fn();
    session.onMessage(listener);
    await receive("<message from='@'/>");
    expect(listener).not.toHaveBeenCalled();
  });

  test('are heard by the others when one of them fails, and we are told', async () => {
    const errors: Error[] = [];
    const { session, receive } = juliet({ onError: (error) => errors.push(error) });
    const listener = jest.fn();
    session.onMessage(() => {
      throw new Error('mine');
    });
    session.onMessage(listener);
    await receive(`<message from='${ROMEO}'/>`);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(errors).toEqual([new Error('mine')]);
  });

  test('are sent as they are', async () => {
    const { session, last } = juliet();
    await session.send(xml('message', { to: ROMEO, id: '1' }, xml('body', {}, 'a & b')));
    expect(last()).toBe(`<message to="${ROMEO}" id="1"><body>a &amp; b</body></message>`);
  });
});

describe('elements that are no stanzas', () => {
  test('are not answered', async () => {
    const { receive, sent } = juliet();
    await receive(`<note id='1' type='get' from='${ROMEO}'><ask xmlns='${NS}'/></note>`);
    expect(sent.map(String)).toEqual([]);
  });
});

describe('the end', () => {
  test('fails all that waits, once, and is told', async () => {
    const { session } = juliet();
    const states: string[] = [];
    session.onState((state) => states.push(state));
    const replies = [session.request('get', ROMEO, ask()), session.request('get', ROMEO, ask())];
    const lost = new ConnectionLost('cut');
    session.end(lost);
    session.end(new ConnectionLost('again'));
    expect(await Promise.allSettled(replies)).toMatchObject([
      { status: 'rejected', reason: lost },
      { status: 'rejected', reason: lost },
    ]);
    expect(session.ended.reason).toBe(lost);
    expect(states).toEqual(['offline']);
  });

  test('comes with close, which closes what carries the session', async () => {
    const { session, closed } = juliet();
    const reply = session.request('get', ROMEO, ask());
    await Promise.all([session.close(), expect(reply).rejects.toThrow(ConnectionLost)]);
    expect(closed).toEqual([true]);
    expect(session.ended.aborted).toBe(true);
  });

  test('is not told to those who have stopped to listen', () => {
    const { session } = juliet();
    const listener = jest.fn();
    session.onState(listener)();
    session.end(new ConnectionLost('cut'));
    expect(listener).not.toHaveBeenCalled();
  });
});

describe('while the connection is resumed', () => {
  test('the state says so, and whoever listens is told', () => {
    const { session } = juliet();
    const states: string[] = [];
    session.onState((state) => states.push(`${state} ${session.state}`));
    expect(session.state).toBe('online');
    session.suspend();
    session.resume();
    session.end(new ConnectionLost('cut'));
    expect(states).toEqual(['resuming resuming', 'online online', 'offline offline']);
  });

  test('no request comes to its time', async () => {
    jest.useFakeTimers();
    try {
      const { session } = juliet();
      const reply = session.request('get', ROMEO, ask(), { timeout: 1_000 });
      session.suspend();
      jest.advanceTimersByTime(60_000);
      session.resume();
      jest.advanceTimersByTime(1_000);
      await expect(reply).rejects.toThrow(RequestTimeout);
    } finally {
      jest.useRealTimers();
    }
  });

  test('a listener that throws does not keep the others from hearing of it', () => {
    const errors: Error[] = [];
    const { session } = juliet({ onError: (error) => errors.push(error) });
    const states: string[] = [];
    session.onState(() => {
      throw new Error('oops');
    });
    session.onState((state) => states.push(state));
    session.suspend();
    expect([states, errors.map(String)]).toEqual([['resuming'], ['Error: oops']]);
  });
});

describe('what the server has taken charge of', () => {
  test('is all at once where nobody counts', async () => {
    await expect(juliet().session.sync()).resolves.toBeUndefined();
  });

  test('is waited for as long as the session lasts', async () => {
    let counted = () => {};
    const session = new StanzaSession(JULIET, {
      write: async () => undefined,
      sync: () =>
        new Promise<void>((resolve) => {
          counted = resolve;
        }),
      close: async () => undefined,
    });
    const first = session.sync();
    counted();
    await first;
    const lost = new ConnectionLost('cut');
    const second = session.sync();
    session.end(lost);
    await expect(second).rejects.toBe(lost);
    await expect(session.sync()).rejects.toBe(lost);
  });
});
