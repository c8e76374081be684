// Psi tells the proxies of its server when it has found them, in a transport-info, and what it has reached only behind that.
import { describe, expect, test } from '@jest/globals';
import { priorityOf } from '../../../../../src/protocol/jingle/transports/s5b/s5b-stanzas.js';
import { addressField } from '../../../../../src/protocol/socks5/address-field.js';
import { enter } from '../../../../../src/protocol/socks5/handshake.js';
import { activation } from '../../../../../src/protocol/socks5/stanzas.js';
import { type Element, xml } from '../../../../../src/session/xml.js';
import { JULIET, ROMEO } from '../../../../support/linked-sessions.js';
import { settled } from '../../../../support/manual-clock.js';
import { ownAddress } from '../../../network/memory-network.js';
import { never } from './negotiations.js';
import { world } from './world.js';

const NS = 'urn:xmpp:jingle:transports:s5b:1';

/** What Romeo makes of a Psi of Juliet's, which has told of no candidate yet. */
async function withPsi({ isSealed = false, isInitiator = true } = {}) {
  const made = world({ his: ['proxies', 'known'], proxies: ['hers'] });
  const told: string[] = [];
  const over = new AbortController();
  const negotiators = {
    ...{ peer: JULIET, isSealed, over: over.signal },
    inform: async (element: Element) => {
      told.push(element.getChildElements()[0]?.name ?? '');
    },
  };
  const empty = (sid: string) => xml('transport', { xmlns: NS, sid });
  const his = isInitiator
    ? made.his.offer(negotiators, {})
    : made.his.answer(negotiators, empty('s1'), undefined);
  await his.describe();
  if (isInitiator) his.agreed(empty(his.sid));
  const says = (...inner: Element[]) =>
    his.informed?.(xml('transport', { xmlns: NS, sid: his.sid }, ...inner));
  return { ...made, his, told, over, says };
}

const candidate = (cid: string, host: string, port: number, priority = 1) =>
  xml('candidate', {
    ...{ cid, host, port, type: 'proxy', jid: 'proxy.capulet.example' },
    priority: priorityOf('proxy', priority),
  });

describe('a proxy that Psi tells of late', () => {
  test('is connected to, and used (R1092)', async () => {
    const { his, told, says, clock, proxies, internet, sessions } = await withPsi();
    const opened = his.open(never);
    await clock.advance(1_000);
    expect(told).toEqual([]);
    const { host, port } = proxies.hers;
    says(candidate('c1', host, port));
    await clock.advance(0);
    expect(told).toEqual(['candidate-used']);
    says(xml('candidate-error'));
    // She connects as well, and has it join the two.
    const network = internet.of([ownAddress('11.0.2.2')]);
    const socket = await network.connect({ host, port }, () => true, never);
    await enter(socket, addressField(his.sid, JULIET, ROMEO), never);
    await sessions[1].request('set', proxies.hers.jid, activation(his.sid, ROMEO));
    says(xml('activated', { cid: 'c1' }));
    const channel = await opened;
    expect(channel.lane).toBe('proxy.capulet.example');
    channel.abandon();
    socket.destroy();
    await settled();
    expect([internet.left, clock.sleepers]).toEqual([0, 0]);
  });

  test('is waited for until Psi says what it has reached, and for three seconds at most (R1092)', async () => {
    const heard = await withPsi();
    void heard.his.open(never).catch(() => undefined);
    await heard.clock.advance(500);
    heard.says(xml('candidate-error'));
    await heard.clock.advance(0);
    expect([heard.told, heard.clock.sleepers]).toEqual([['candidate-error'], 0]);
    const silent = await withPsi();
    void silent.his.open(never).catch(() => undefined);
    await silent.clock.advance(2_999);
    expect(silent.told).toEqual([]);
    await silent.clock.advance(1);
    expect(silent.told).toEqual(['candidate-error']);
    silent.over.abort();
  });

  test('is not waited for as the responder, so that no two wait for each other (R1092)', async () => {
    const { his, told, clock, over } = await withPsi({ isInitiator: false });
    void his.expect(never).catch(() => undefined);
    await clock.advance(0);
    expect(told).toEqual(['candidate-error']);
    over.abort();
  });

  test('is not connected to where --direct does not let it (R1092)', async () => {
    const { his, says, clock, internet, over } = await withPsi();
    void his.open(never).catch(() => undefined);
    await clock.advance(0);
    const hosts = ['10.0.0.1', '127.0.0.1', '192.168.4.1', '169.254.169.254'];
    says(...hosts.map((host, index) => candidate(`c${index}`, host, 5_000)));
    says(candidate('low', '9.9.9.9', 1_023), candidate('right', '9.9.9.9', 1_024));
    await clock.advance(10_000);
    expect(internet.tried).toEqual(['9.9.9.9:1024']);
    over.abort();
  });

  test('is one of five that are tried, however many come, and of a session that is not sealed (R1092)', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) =>
      candidate(`c${index}`, '9.9.9.9', 2_000 + index, index),
    );
    const tried = async (isSealed: boolean) => {
      const { his, says, clock, internet, over } = await withPsi({ isSealed });
      void his.open(never).catch(() => undefined);
      for (const one of many) says(one);
      await clock.advance(10_000);
      over.abort();
      return internet.tried;
    };
    expect(await tried(false)).toHaveLength(5);
    expect(await tried(true)).toEqual([]);
  });

  test('is refused where it is of another transport (R1092)', async () => {
    const { his } = await withPsi();
    const other = xml('transport', { xmlns: NS, sid: 'other' }, candidate('c1', '9.9.9.9', 5_000));
    expect(() => his.informed?.(other)).toThrow('not the transport that was offered');
  });
});
