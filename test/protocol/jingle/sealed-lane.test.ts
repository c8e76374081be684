import { describe, expect, test } from '@jest/globals';
import {
  NS_JINGLE_S5B,
  outside,
  readTransport,
  transport,
} from '../../../src/protocol/jingle/transports/s5b/s5b-stanzas.js';
import { addressField } from '../../../src/protocol/socks5/address-field.js';
import type { Element } from '../../../src/session/xml.js';
import { type Intercept, JULIET, parse, ROMEO } from '../../support/linked-sessions.js';
import { arrives, pairWithLane, realProxy } from './transports/s5b/lane-pair.js';

/** The transport of a Jingle stanza, if it has one. */
const transportOf = (stanza: Element): Element | undefined =>
  stanza.getChild('jingle')?.getChild('content')?.getChild('transport');

const BEGINNINGS = new Set(['session-initiate', 'session-accept']);

describe('of a sealed file that goes beside the stream', () => {
  test('servers read neither a candidate, nor a sid by which the address field is reckoned (R600)', async () => {
    const proxy = await realProxy();
    const seen: Element[] = [];
    const intercept: Intercept = (stanza, deliver) => {
      seen.push(stanza);
      deliver(stanza);
    };
    await arrives(pairWithLane({ proxy, listening: ['127.0.0.1'], intercept }), true);
    const transports = seen.flatMap((stanza) => transportOf(stanza) ?? []);
    const begun = seen.filter((one) => BEGINNINGS.has(one.getChild('jingle')?.attrs.action ?? ''));
    expect(transports.length).toBeGreaterThanOrEqual(4);
    expect(begun).toHaveLength(2);
    for (const one of begun) expect(transportOf(one)?.children).toEqual([]);
    expect(transports.map(({ attrs }) => Object.keys(attrs).sort())).toEqual(
      transports.map(() => ['sid', 'xmlns']),
    );
    const fields = new Set(
      transports.flatMap(({ attrs: { sid = '' } }) => [
        addressField(sid, ROMEO, JULIET),
        addressField(sid, JULIET, ROMEO),
      ]),
    );
    expect(fields.size).toBe(2);
    expect(proxy.joined.filter((field) => fields.has(field))).toEqual([]);
    for (const stanza of seen) expect(`${stanza}`).not.toMatch(/127\.0\.0\.1|dstaddr|proxy\./);
  });

  test.each(['session-initiate', 'session-accept'])(
    'candidates that stand in the clear in %s are connected to by nobody (R601)',
    async (action) => {
      const trap = await realProxy();
      const connected: unknown[] = [];
      trap.connected = (socket) => connected.push(socket.destroy());
      const candidate = { cid: 'c1', host: '127.0.0.1', jid: ROMEO, port: trap.port } as const;
      const planted = transport(
        { sid: 's1', candidates: [{ ...candidate, priority: 9_999_999, type: 'direct' }] },
        'f',
      );
      const intercept: Intercept = (stanza, deliver) => {
        const told = transportOf(stanza);
        const jingle = stanza.getChild('jingle');
        if (told?.getNS() !== NS_JINGLE_S5B || jingle?.attrs.action !== action)
          return deliver(stanza);
        const altered = parse(`${stanza}`);
        transportOf(altered)?.append(parse(`${planted}`).getChildElements()[0] as Element);
        deliver(altered);
      };
      const said = await arrives(pairWithLane({ intercept }), true);
      expect(said.slice(-1)).toEqual(['open']);
      expect(connected).toEqual([]);
    },
  );
});

test('the sid that servers read says nothing of the sealed one, and is the same each time (R600)', () => {
  const sealed = transport({ sid: 'secret', candidates: [] }, 'f');
  expect(readTransport(outside(sealed))).toEqual({
    sid: expect.stringMatching(/^[0-9a-f]{32}$/),
    candidates: [],
  });
  expect(`${outside(sealed)}`).toBe(`${outside(sealed)}`);
});
