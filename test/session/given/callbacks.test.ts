import { describe, expect, jest, test } from '@jest/globals';
import type { IqHandler, StanzaListener } from '../../../src/session/session.js';
import { StanzaSession, type StanzaSessionOptions } from '../../../src/session/stanza-session.js';
import { JULIET, parse, ROMEO } from '../../support/linked-sessions.js';
import { settled } from '../../support/manual-clock.js';

/** As a program in JavaScript gives them: of any kind. */
type Given = Record<keyof StanzaSessionOptions, unknown>;

const ASK = `<iq type='get' id='1' from='${ROMEO}'><ask xmlns='urn:example:test'/></iq>`;

/** A session with a handler that a stranger asks, and what was sent. */
async function asked(given: Partial<Given>) {
  const sent: string[] = [];
  const handler = jest.fn(() => undefined);
  const session = new StanzaSession(
    JULIET,
    { write: async (stanza) => void sent.push(stanza.toString()), close: async () => undefined },
    given as StanzaSessionOptions,
  );
  session.handle('get', 'urn:example:test', 'ask', handler);
  session.receive(parse(ASK));
  await settled();
  return { sent, handler, session };
}

const no = () => Promise.reject(new Error('later'));
const UNDECIDED: [string, () => unknown, string][] = [
  ['a promise of true', async () => true, 'a promise: is it async?'],
  ['a promise of false', async () => false, 'a promise: is it async?'],
  ['a promise that rejects', no, 'a promise: is it async?'],
  ['nothing', () => undefined, 'undefined'],
  ['a text', () => 'false', "'false'"],
  ['a number', () => 1, '1'],
];

describe('a callback that decides', () => {
  test.each(UNDECIDED)('lets nobody in by %s (R1207)', async (_title, admit, got) => {
    const onError = jest.fn();
    const { sent, handler } = await asked({ admit, onError });
    expect(handler).not.toHaveBeenCalled();
    expect(sent).toEqual([expect.stringContaining('<service-unavailable ')]);
    const message = `admit is to return true or false, not ${got}`;
    expect(onError.mock.calls).toEqual([[new TypeError(message)]]);
  });

  test.each(UNDECIDED)('answers nobody by %s (R1207)', async (_title, mayRefuse, got) => {
    const onError = jest.fn();
    const { sent } = await asked({ admit: () => false, mayRefuse, onError });
    expect(sent).toEqual([]);
    const message = `mayRefuse is to return true or false, not ${got}`;
    expect(onError.mock.calls).toEqual([[new TypeError(message)]]);
  });

  test('lets nobody in when it throws, and we are told (R1208)', async () => {
    const onError = jest.fn();
    const error = new Error('mine');
    const admit = () => {
      throw error;
    };
    const { sent, handler } = await asked({ admit, onError });
    expect(handler).not.toHaveBeenCalled();
    expect(sent).toEqual([expect.stringContaining('<service-unavailable ')]);
    expect(onError.mock.calls).toEqual([[error]]);
  });
});

describe('what listeners and handlers fail with', () => {
  const failing: [string, () => unknown][] = [
    ['is thrown', () => raise(new Error('mine'))],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ];

  test.each(failing)(
    'is told when it %s, of messages, presence and state (R1208)',
    async (_title, fail) => {
      const onError = jest.fn();
      const { session } = await asked({ onError });
      session.onMessage(fail);
      session.onPresence(fail);
      session.onState(fail);
      session.receive(parse(`<message from='${ROMEO}'/>`));
      session.receive(parse(`<presence from='${ROMEO}'/>`));
      session.suspend();
      await settled();
      expect(onError.mock.calls).toEqual(Array.from({ length: 3 }, () => [new Error('mine')]));
    },
  );

  test.each([
    ...failing.map(([title, onError]) => [`its callback: it ${title}`, onError, 'mine'] as const),
    ['nobody is told', undefined, 'broken'] as const,
  ])('is a warning where %s, and the peer is answered (R1208)', async (_title, onError, told) => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const { sent } = await asked({ admit: () => raise(new Error('broken')), onError });
    await settled();
    expect(warn.mock.calls).toEqual([[expect.stringMatching(`^Error: ${told}\n`)]]);
    expect(sent).toEqual([expect.stringContaining('<service-unavailable ')]);
    warn.mockRestore();
  });

  test('is refused at once when it is no function (R1208)', async () => {
    const { session } = await asked({});
    const given = 'romeo@localhost' as unknown;
    const handle = () => session.handle('get', 'urn:x', 'x', given as IqHandler);
    expect(handle).toThrow(new TypeError('a handler is to be a function'));
    for (const listen of ['onMessage', 'onPresence', 'onState'] as const) {
      const register = () => session[listen](given as StanzaListener & (() => void));
      expect(register).toThrow(new TypeError('a listener is to be a function'));
    }
  });
});

function raise(error: Error): never {
  throw error;
}
