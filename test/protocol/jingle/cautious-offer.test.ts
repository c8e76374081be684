import { expect, test } from '@jest/globals';
import { InBandBytestreams } from '../../../src/protocol/ibb/in-band-bytestreams.js';
import {
  JingleFileTransfers,
  type JingleOfferOptions,
} from '../../../src/protocol/jingle/jingle-file-transfers.js';
import { ibbTransport } from '../../../src/protocol/jingle/transports/ibb.js';
import { JULIET, linkedSessions, ROMEO } from '../../support/linked-sessions.js';
import { Script } from './peers/script.js';

const LETTER = { name: 'letter', size: 6 };

/** An offer of Romeo's to a Juliet who behaves as it is written. */
function offerToScript(options: JingleOfferOptions = {}) {
  const [romeo, juliet] = linkedSessions();
  const script = new Script(juliet, ROMEO);
  const transfers = new JingleFileTransfers(romeo, [ibbTransport(new InBandBytestreams(romeo))]);
  const offer = transfers.offer(JULIET, LETTER, options);
  offer.catch(() => undefined); // each test looks at it in time
  return { script, offer };
}

/** Hears an offer; its sid and its block size. */
async function hearsOffer(script: Script) {
  const { attrs, transport } = partsOf(await script.hears('session-initiate'));
  return { sid: attrs.sid, blockSize: transport?.attrs['block-size'] };
}

const partsOf = (element: Awaited<ReturnType<Script['hears']>>) => ({
  attrs: element.attrs,
  transport: element.getChild('content')?.getChildElements()[1],
});

const ends = (script: Script, sid: string | undefined, reason: string) =>
  script.says(
    `<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='${sid}'><reason><${reason}/></reason></jingle>`,
  );

const accepts = (script: Script, sid: string | undefined, size: number, bytestream: string) =>
  script.says(`
    <jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='${sid}'>
      <content creator='initiator' name='file' senders='initiator'>
        <description xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file/></description>
        <transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='${bytestream}' block-size='${size}'/>
      </content>
    </jingle>`);

test.each(['failed-transport', 'incompatible-parameters', 'general-error', 'failed-application'])(
  'an offer that ends with %s is made once more, with blocks of 4096 bytes (R160)',
  async (reason) => {
    const { script, offer } = offerToScript();
    const first = await hearsOffer(script);
    await ends(script, first.sid, reason);
    const second = await hearsOffer(script);
    expect([first.blockSize, second.blockSize]).toEqual(['48000', '4096']);
    await ends(script, second.sid, reason);
    await expect(offer).rejects.toMatchObject({ reason: { condition: reason } });
  },
);

test('an offer that is refused by an error is made once more (R160)', async () => {
  const { script, offer } = offerToScript();
  await script.refuses('session-initiate', 'cancel', 'internal-server-error');
  await script.refuses('session-initiate', 'modify', 'bad-request');
  await expect(offer).rejects.toMatchObject({ condition: 'bad-request' });
});

test('what was opened in vain is offered once more (R160)', async () => {
  const { script, offer } = offerToScript();
  const element = await script.hears('session-initiate');
  const sid = partsOf(element).transport?.attrs.sid ?? '';
  await accepts(script, element.attrs.sid, 48_000, sid);
  await script.refuses('open', 'cancel', 'internal-server-error');
  await script.hears('session-terminate');
  expect((await hearsOffer(script)).blockSize).toBe('4096');
  await expect(Promise.race([offer, 'on its way'])).resolves.toBe('on its way');
});

test.each(['decline', 'cancel', 'busy', 'timeout'])(
  'an offer that ends with %s is not made again (R160)',
  async (reason) => {
    const { script, offer } = offerToScript();
    await ends(script, (await hearsOffer(script)).sid, reason);
    await expect(offer).rejects.toMatchObject({ reason: { condition: reason } });
  },
);

test('an offer that may not be made any more is not made again (R378)', async () => {
  const mayOffer = () => {
    throw new RangeError('it has a key by now');
  };
  const { script, offer } = offerToScript({ mayOffer });
  await ends(script, (await hearsOffer(script)).sid, 'failed-transport');
  await expect(offer).rejects.toThrow('it has a key by now');
});

test('an offer with a block size that was given is not made again', async () => {
  const { script, offer } = offerToScript({ blockSize: 8192 });
  const { sid, blockSize } = await hearsOffer(script);
  expect(blockSize).toBe('8192');
  await ends(script, sid, 'failed-transport');
  await expect(offer).rejects.toMatchObject({ reason: { condition: 'failed-transport' } });
});

test('the bytestream is opened with exactly the block size that was accepted', async () => {
  const { script, offer } = offerToScript();
  const element = await script.hears('session-initiate');
  const sid = partsOf(element).transport?.attrs.sid ?? '';
  await accepts(script, element.attrs.sid, 10_000, sid);
  const open = await script.hears('open');
  expect(open.attrs).toMatchObject({ sid, 'block-size': '10000' });
  expect((await offer).channel).toMatchObject({ blockSize: 10_000 });
});
