import { expect, test } from '@jest/globals';
import { NS_DISCO_INFO } from '../../../src/protocol/disco.js';
import { keyForm } from '../../../src/protocol/seal/announced-key.js';
import { NS_SEAL } from '../../../src/protocol/seal/handshake.js';
import { RequestTimeout } from '../../../src/session/requests.js';
import type { Session } from '../../../src/session/session.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { KeyQuestions } from '../../../src/transfer/keys/key-question.js';
import { JULIET } from '../../support/linked-sessions.js';
import { keyOfNumber } from '../../support/sealing.js';

const NURSE = 'nurse@capulet.example/room';

/** Questions at a time that the test sets, to whom each was, and what is answered: the key of its number. */
function questions() {
  const [asked, clock]: [string[], { now: number }] = [[], { now: 0 }];
  let failure: Error | undefined;
  const request = async (_type: string, from: string): Promise<Element> => {
    const { publicKey } = keyOfNumber(asked.push(from));
    if (failure) throw failure;
    const info = [xml('feature', { var: NS_SEAL }), keyForm(publicKey)];
    return xml('iq', { from }, xml('query', { xmlns: NS_DISCO_INFO }, ...info));
  };
  const session = { request } as unknown as Session;
  const { signal } = new AbortController();
  const keys = new KeyQuestions(() => new Date(clock.now));
  return {
    ...{ asked, clock, session },
    fail: (error?: Error) => {
      failure = error;
    },
    ahead: (jid = JULIET) => keys.askAhead(session, jid, signal),
    /** The number of the question that the answer is to. */
    ask: async (jid = JULIET, on = session) => {
      const { key } = await keys.ask(on, jid, signal);
      return asked.findIndex((_, at) => key?.equals(keyOfNumber(at + 1).publicKey)) + 1;
    },
  };
}

test('each offer has a question of its own, which may be asked while the file before is under way (R844)', async () => {
  const { asked, ahead, ask } = questions();
  expect(await ask()).toBe(1);
  ahead();
  expect(asked).toHaveLength(2);
  expect(await ask()).toBe(2);
  expect(asked).toHaveLength(2);
  expect(await ask()).toBe(3);
});

test('an answer counts for the one who gave it, on the session that it was asked on (R844)', async () => {
  const { asked, ahead, ask, session } = questions();
  ahead(NURSE);
  expect(await ask()).toBe(2);
  expect(await ask(NURSE, { ...session })).toBe(3);
  expect(await ask(NURSE)).toBe(1);
  expect(asked).toEqual([NURSE, JULIET, NURSE]);
});

test.each([
  [2_999, 1],
  [3_000, 2],
  [-3_000, 2],
])(
  'after %i ms the answer is to question %i: whoever is there may have started anew (R844)',
  async (later, number) => {
    const { clock, ahead, ask } = questions();
    ahead();
    clock.now = later;
    expect(await ask()).toBe(number);
  },
);

test('what failed is asked once more (R844)', async () => {
  const { asked, ahead, ask, fail } = questions();
  fail(new StanzaError('wait', 'resource-constraint'));
  ahead();
  fail();
  expect(await ask()).toBe(2);
  fail(new StanzaError('cancel', 'service-unavailable'));
  ahead();
  await expect(ask()).rejects.toThrow('service-unavailable');
  expect(asked).toHaveLength(4);
});

test('silence is not asked once more: an offer waits for one answer, and no longer (R1160)', async () => {
  const { asked, ahead, ask, fail } = questions();
  fail(new RequestTimeout('no answer'));
  ahead();
  fail();
  await expect(ask()).rejects.toThrow(RequestTimeout);
  expect(asked).toEqual([JULIET]);
  expect(await ask()).toBe(2);
});
