import { expect, jest, test } from '@jest/globals';
import type { JingleHandlers } from '../../../../src/protocol/jingle/session/actions.js';
import type { JingleSession } from '../../../../src/protocol/jingle/session/jingle-session.js';
import { JingleSessions } from '../../../../src/protocol/jingle/session/jingle-sessions.js';
import { type Content, content, jingle } from '../../../../src/protocol/jingle/stanzas.js';
import { xml } from '../../../../src/session/xml.js';
import { JULIET, linkedSessions } from '../../../support/linked-sessions.js';
import { settled } from '../../../support/manual-clock.js';

const CONTENT: Content = {
  ...{ creator: 'initiator', name: 'file', senders: 'initiator' },
  ...{ description: undefined, transport: undefined, security: undefined },
};
const transport = (sid: string) => xml('transport', { xmlns: 'urn:example:a', sid });

const FAULT = new TypeError('nobody has thought of that');
const failing = (): never => {
  throw FAULT;
};

/** What is wrong with us, and what of the peer's leads to it. */
const FAULTS: [
  what: string,
  handlers: (hers: JingleSession) => JingleHandlers,
  action: 'transport-replace' | 'content-remove' | 'content-add',
][] = [
  ['what accepts another transport', () => ({ replaced: () => failing }), 'transport-replace'],
  [
    'what rejects another transport',
    (hers) => ({ replaced: () => void Object.assign(hers, { send: failing }) }),
    'transport-replace',
  ],
  ['what judges the end by its peer', () => ({ believed: failing }), 'content-remove'],
  [
    'what rejects another content',
    (hers) => {
      Object.assign(hers, { sendContents: failing });
      return {};
    },
    'content-add',
  ],
];

test.each(FAULTS)(
  '%s may fail: that ends the Jingle session, is reported, and ends nothing else (R1310)',
  async (_what, handlers, action) => {
    const onError = jest.fn();
    const sessions = linkedSessions(undefined, { onError });
    const [romeo, juliet] = sessions.map((one) => new JingleSessions(one));
    if (!romeo || !juliet) throw new Error('there are two');
    const initiated = new Promise<JingleSession>((resolve) => {
      juliet.onInitiate = resolve;
    });
    const his = romeo.create(JULIET, 'j1', CONTENT);
    await his.initiate(async () => [transport('a1')]);
    const hers = await initiated;
    hers.handlers = handlers(hers);
    const about = jingle(action, 'j1', {}, content(CONTENT, transport('a2')));
    await sessions[0].request('set', JULIET, about);
    await settled();
    expect(onError.mock.calls).toEqual([[FAULT]]);
    expect(his.ended.reason).toMatchObject({ reason: { condition: 'general-error' }, byUs: false });
    expect(sessions.map(({ ended }) => ended.aborted)).toEqual([false, false]);
  },
);
