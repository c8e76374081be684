import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startCountingProxy } from '../../support/servers/counting-proxy.js';
import { SHIPPED_RATE, startEjabberd } from '../../support/servers/ejabberd.js';
import { HAS_PEERS } from '../../support/servers/server.js';
import { hashOfFile, outcomeOf, prepareStageOn, writeRandom } from '../stage.js';

/** More than the burst of 20,000 bytes by far. */
const BYTES = 70_000;

(HAS_PEERS ? describe : describe.skip)('behind the shaper of ejabberd as shipped', () => {
  const stage = prepareStageOn(() => startEjabberd({ rateLimit: SHIPPED_RATE }));

  test.each(['iq', 'message'])(
    'a file arrives in stanzas of kind %s, and two thirds of what goes out are payload (R271)',
    async (stanza) => {
      const proxy = await startCountingProxy(stage.server.port);
      const file = join(stage.folder(), 'letter');
      const hash = await writeRandom(file, BYTES);
      const receiving = await stage.receive('bob', ['--once']);
      const clear = ['--encrypt', 'off'];
      const args = ['send', '--json', ...clear, '--stanza', stanza, file, 'bob@localhost'];
      const env = { INBAND_SERVICE: `xmpp://127.0.0.1:${proxy.port}` };
      const sending = stage.inband('alice', args, { env });
      await sending.line(/^\{"event":"start"/);
      const before = proxy.bytesSent();
      const sent = await outcomeOf(sending);
      const after = proxy.bytesSent();
      proxy.close();
      expect(sent).toMatchObject({ code: 0, stderr: '' });
      expect(await outcomeOf(receiving)).toMatchObject({ code: 0 });
      expect(await hashOfFile(join(receiving.folder, 'letter'))).toBe(hash);
      expect(BYTES / (after - before)).toBeGreaterThan(0.65);
    },
  );
});
