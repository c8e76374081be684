import { expect, test } from '@jest/globals';
import { discoverInfo, featuresOf } from '../../../src/protocol/disco.js';
import { servicesOf } from '../../protocol/socks5/server.js';
import { JULIET, parse } from '../../support/linked-sessions.js';
import { ManualClock } from '../../support/manual-clock.js';
import { linkedToInbox } from '../sending/linked-inboxes.js';

const OFFER = `
  <jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='j1'>
    <content creator='initiator' name='file' senders='initiator'>
      <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'>
        <file><name>letter.txt</name><size>6</size></file>
      </description>
      <transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='b1'/>
    </content>
  </jingle>`;

/** What Juliet advertises, and how she answers the offer. */
async function asked(mayBePlain: boolean) {
  const ends = new AbortController();
  const lane = { direct: 'never', mayBePlain, clock: new ManualClock() } as const;
  const { romeo, halfTrip } = await linkedToInbox(
    { places: 4, lane, services: servicesOf() },
    ends.signal,
  );
  let answer = '';
  romeo.handle('set', 'urn:xmpp:jingle:1', 'jingle', async ({ attrs }) => {
    answer ||= attrs.action ?? '';
    return undefined;
  });
  const until = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    promise.finally(() => (isOver = true)).catch(() => undefined);
    while (!isOver) await halfTrip();
    return promise;
  };
  const { info } = await until(discoverInfo(romeo, JULIET, undefined));
  await until(romeo.request('set', JULIET, parse(OFFER)));
  while (!answer) await halfTrip();
  ends.abort();
  return { answer, isAdvertised: featuresOf(info).has('urn:xmpp:jingle:transports:s5b:1') };
}

test('an offer by SOCKS5 in the clear is taken, and advertised, where that is wanted, and not otherwise (R892)', async () => {
  expect(await asked(true)).toEqual({ answer: 'session-accept', isAdvertised: true });
  expect(await asked(false)).toEqual({ answer: 'session-terminate', isAdvertised: false });
});
