import { describe, expect, test } from '@jest/globals';
import type { JingleSession } from '../../../../src/protocol/jingle/session/jingle-session.js';
import { JingleSessions } from '../../../../src/protocol/jingle/session/jingle-sessions.js';
import { type Content, content, jingle } from '../../../../src/protocol/jingle/stanzas.js';
import { StanzaError } from '../../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../../src/session/xml.js';
import { JULIET, linkedSessions, ROMEO } from '../../../support/linked-sessions.js';
import { settled } from '../../../support/manual-clock.js';
import { Wire } from '../../ibb/wire.js';

const CONTENT: Content = {
  ...{ creator: 'initiator', name: 'file', senders: 'initiator' },
  ...{ description: undefined, transport: undefined, security: undefined },
};

const a = (sid = 'a1') => xml('transport', { xmlns: 'urn:example:a', sid });
const b = (sid = 'b1') => xml('transport', { xmlns: 'urn:example:b', sid });

const never = new AbortController().signal;

/** A Jingle session of Romeo and Juliet that both know, and what went over the wire since. */
async function active() {
  const wire = new Wire();
  const sessions = linkedSessions(wire.record());
  const [romeo, juliet] = sessions.map((one) => new JingleSessions(one)) as [
    JingleSessions,
    JingleSessions,
  ];
  const initiated = new Promise<JingleSession>((resolve) => {
    juliet.onInitiate = resolve;
  });
  const his = romeo.create(JULIET, 'j1', CONTENT);
  await his.initiate(async () => [a()]);
  const hers = await initiated;
  await hers.send('session-accept', a());
  wire.lines.length = 0;
  const said = () => wire.find(/transport-/);
  const says = (by: 0 | 1, action: 'transport-accept' | 'transport-reject', element: Element) => {
    const about = jingle(action, 'j1', {}, content(CONTENT, element));
    const asked = sessions[by].request('set', [JULIET, ROMEO][by] as string, about);
    return asked.then(() => 'taken', errorOf);
  };
  return { his, hers, said, says };
}

const errorOf = (error: Error) =>
  error instanceof StanzaError ? [error.condition, error.type, error.specific?.name] : error.name;

/** Takes each replacement, as it is. */
function takesAll(session: JingleSession): Element[] {
  const taken: Element[] = [];
  session.handlers = {
    replaced: (element) => {
      taken.push(element);
      return () => session.send('transport-accept', element);
    },
  };
  return taken;
}

describe('another transport', () => {
  test.each(['initiator', 'responder'] as const)(
    'may be proposed by the %s, and is agreed on when the peer says so (R129)',
    async (role) => {
      const { his, hers } = await active();
      const [proposer, other] = role === 'initiator' ? [his, hers] : [hers, his];
      const [taken, agreed] = [takesAll(other), [] as Element[]];
      const isTaken = await proposer.replaceTransport(b(), (one) => agreed.push(one), never);
      expect(isTaken).toBe(true);
      expect(taken.map(({ attrs }) => attrs.sid)).toEqual(['b1']);
      expect(agreed.map(({ attrs }) => attrs.sid)).toEqual(['b1']);
    },
  );

  test.each(['initiator', 'responder'] as const)(
    'that the %s proposes is not agreed on where the peer does not want it (R129)',
    async (role) => {
      const { his, hers, said } = await active();
      const proposer = role === 'initiator' ? his : hers;
      expect(await proposer.replaceTransport(b(), fail, never)).toBe(false);
      const [one, other] = role === 'initiator' ? ['romeo', 'juliet'] : ['juliet', 'romeo'];
      expect(said()).toEqual([
        `${one}: transport-replace`,
        `${other}: transport-replace taken`,
        `${other}: transport-reject`,
        `${one}: transport-reject taken`,
      ]);
    },
  );

  test('that both propose at once is the initiator’s (R129)', async () => {
    const { his, hers, said } = await active();
    const [toJuliet, toRomeo] = [takesAll(hers), takesAll(his)];
    const agreed: Element[] = [];
    const outcomes = await Promise.all([
      his.replaceTransport(b('his'), (one) => agreed.push(one), never),
      hers.replaceTransport(b('hers'), fail, never),
    ]);
    expect(outcomes).toEqual([true, false]);
    expect(toRomeo).toEqual([]);
    expect([...toJuliet, ...agreed].map(({ attrs }) => attrs.sid)).toEqual(['his', 'his']);
    expect(said()).toContain('romeo: transport-replace refused, conflict/cancel');
    expect(said()).toContain('juliet: transport-replace taken');
  });

  test('that the peer answers so that it does not fit is not agreed on (R129)', async () => {
    const { his, hers, says } = await active();
    hers.handlers = { replaced: () => async () => undefined };
    const agree = ({ attrs }: Element) => {
      if (attrs.sid !== 'b1') throw new StanzaError('modify', 'bad-request');
    };
    const replaced = his.replaceTransport(b(), agree, never);
    expect(await says(1, 'transport-accept', b('b2'))).toEqual([
      'bad-request',
      'modify',
      undefined,
    ]);
    expect(await replaced).toBe(false);
    expect(await says(1, 'transport-accept', b())).toEqual(OUT_OF_ORDER);
  });

  test('that is not answered is given up, and an answer that comes later is out of order (R129)', async () => {
    const { his, hers, says } = await active();
    hers.handlers = { replaced: () => async () => undefined };
    const late = new AbortController();
    const replaced = his.replaceTransport(b(), fail, late.signal);
    await settled();
    late.abort();
    expect(await replaced).toBe(false);
    expect(await says(1, 'transport-accept', b())).toEqual(OUT_OF_ORDER);
  });

  test.each(['transport-accept', 'transport-reject'] as const)(
    'that nobody has proposed is not answered: %s is out of order (R129)',
    async (action) => {
      const { says } = await active();
      expect([await says(0, action, b()), await says(1, action, b())]).toEqual([
        OUT_OF_ORDER,
        OUT_OF_ORDER,
      ]);
    },
  );

  test('is not waited for when the session ends (R129)', async () => {
    const { his, hers } = await active();
    hers.handlers = { replaced: () => async () => undefined };
    const replaced = his.replaceTransport(b(), fail, never);
    await settled();
    void hers.terminate({ condition: 'cancel' });
    expect(await replaced).toBe(false);
  });

  test('is proposed one at a time (R129)', async () => {
    const { his, hers } = await active();
    hers.handlers = { replaced: () => async () => undefined };
    const stop = new AbortController();
    const first = his.replaceTransport(b(), fail, stop.signal);
    await expect(his.replaceTransport(b('b2'), fail, never)).rejects.toThrow('proposed already');
    stop.abort();
    expect(await first).toBe(false);
  });
});

const OUT_OF_ORDER = ['unexpected-request', 'wait', 'out-of-order'];

function fail(): void {
  throw new Error('nothing was agreed on');
}
