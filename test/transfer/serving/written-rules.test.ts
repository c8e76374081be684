import { describe, expect, test } from '@jest/globals';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { ConnectionLost, StanzaSession } from '../../../src/session/stanza-session.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { writtenRules } from '../../../src/transfer/serving/written-rules.js';

/** A session at a server that answers as it is told; whom it was asked about. */
function sessionAt(answer: (typed: string) => Element | undefined) {
  const asked: string[] = [];
  const session: StanzaSession = new StanzaSession('romeo@montague.example/orchard', {
    write: async ({ attrs: { to = '', id } }) => {
      asked.push(to);
      const reply = answer(to);
      if (reply) session.receive(Object.assign(reply, { attrs: { ...reply.attrs, id } }));
    },
    close: async () => undefined,
  });
  return { session, asked };
}

const folds = (jid: string) => jid.replace('ß', 'ss');
const refusal = () => new StanzaError('cancel', 'service-unavailable').toElement();

describe('the rules of --allow', () => {
  test.each<[string, (typed: string) => Element]>([
    ['answers', (typed) => xml('iq', { type: 'result', from: folds(typed) })],
    ['refuses', (typed) => xml('iq', { type: 'error', from: folds(typed) }, refusal())],
  ])('are also written as a server does that %s (R83)', async (_, answer) => {
    const { session } = sessionAt(answer);
    expect(await writtenRules(session, ['own', 'Straße@capulet.example'])).toEqual([
      'own',
      'Straße@capulet.example',
      'strasse@capulet.example',
    ]);
  });

  test('ask nobody about what is written in one way only', async () => {
    const { session, asked } = sessionAt(() => undefined);
    const rules = ['own', 'contacts', 'anyone', 'Juliet@Capulet.example/x', 'bücher.example'];
    expect(await writtenRules(session, rules)).toEqual(rules);
    expect(asked).toEqual([]);
  });

  test('are no more than that when the session ends', async () => {
    const { session } = sessionAt(() => undefined);
    const rules = writtenRules(session, ['straße@capulet.example']);
    session.end(new ConnectionLost('gone'));
    await expect(rules).rejects.toThrow(ConnectionLost);
  });
});
