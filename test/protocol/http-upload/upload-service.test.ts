import { expect, test } from '@jest/globals';
import { askForSlot, findUploadService } from '../../../src/protocol/http-upload/upload-service.js';
import { StanzaError } from '../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../src/session/xml.js';
import { settled } from '../../support/manual-clock.js';
import { type Service, sessionsWithServices } from '../socks5/server.js';

const NS = 'urn:xmpp:http:upload:0';
const never = new AbortController().signal;

const saying = (...features: string[]): Service => {
  const children = features.map((one) => xml('feature', { var: one }));
  return async () => xml('query', { xmlns: 'http://jabber.org/protocol/disco#info' }, ...children);
};
const silent: Service = () => new Promise(() => undefined);
const refusing: Service = async () => {
  throw new StanzaError('cancel', 'service-unavailable');
};

/** The own server is montague.example; what ends with its name is there. */
function looking(services: Record<string, Service>) {
  const asked: Element[] = [];
  const [romeo] = sessionsWithServices({ services: new Map(Object.entries(services)), asked });
  return { asked, romeo };
}

test('finds the item of the own server that takes uploads, and no other server’s (R720)', async () => {
  const { romeo, asked } = looking({
    'broken.montague.example': refusing,
    'rooms.montague.example': saying('http://jabber.org/protocol/muc'),
    'upload.montague.example': saying(NS),
    'upload.capulet.example': saying(NS),
  });
  const found = await findUploadService(romeo, never);
  expect(found).toEqual({
    service: { jid: 'upload.montague.example', maxSize: undefined },
    mute: [],
  });
  expect(asked.map(({ attrs }) => attrs.to)).not.toContain('upload.capulet.example');
});

test('takes the own server if it says so itself, and asks nobody else (R720)', async () => {
  const { romeo, asked } = looking({
    'montague.example': saying(NS),
    'upload.montague.example': saying(NS),
  });
  expect((await findUploadService(romeo, never)).service?.jid).toBe('montague.example');
  expect(new Set(asked.map(({ attrs }) => attrs.to))).toEqual(new Set(['montague.example']));
});

test('does not wait for those that say nothing, where another one does (R720)', async () => {
  const { romeo } = looking({
    'silent.montague.example': silent,
    'upload.montague.example': saying(NS),
  });
  expect((await findUploadService(romeo, never)).service?.jid).toBe('upload.montague.example');
});

test('waits so long, and no longer, for those that say nothing (R720)', async () => {
  const { romeo, asked } = looking({ 'silent.montague.example': silent });
  expect(await findUploadService(romeo, never, 1)).toEqual({
    ...{ service: undefined, mute: ['silent.montague.example'] },
  });
  expect(asked.at(-1)?.attrs.to).toBe('silent.montague.example');
});

test('an error that may pass is no word of uploads, any other is a no (R720)', async () => {
  const { romeo } = looking({
    'broken.montague.example': refusing,
    'busy.montague.example': async () => {
      throw new StanzaError('wait', 'resource-constraint');
    },
  });
  expect(await findUploadService(romeo, never)).toEqual({
    ...{ service: undefined, mute: ['busy.montague.example'] },
  });
});

test('ends as the command does (R720)', async () => {
  const { romeo } = looking({ 'silent.montague.example': silent });
  const ending = new AbortController();
  const found = findUploadService(romeo, ending.signal);
  await settled();
  ending.abort(new Error('interrupted'));
  await expect(found).rejects.toThrow('interrupted');
});

test('the end of the session is no server without uploads (R720)', async () => {
  const { romeo } = looking({ 'silent.montague.example': silent });
  const found = findUploadService(romeo, never);
  await settled();
  romeo.end(new Error('the connection is gone'));
  await expect(found).rejects.toThrow('the connection is gone');
});

test('the answer to a request for a place is read, and a no is the service’s own (R721)', async () => {
  const url = 'https://upload.montague.example/a';
  const slot = xml('slot', { xmlns: NS }, xml('put', { url }), xml('get', { url }));
  const file = { name: 'a', size: 1, mediaType: 'text/plain' };
  const asking = (service: Service) =>
    askForSlot(
      looking({ 'upload.montague.example': service }).romeo,
      { jid: 'upload.montague.example', maxSize: undefined },
      file,
      never,
    );
  expect((await asking(async () => slot)).put.href).toBe(url);
  await expect(asking(refusing)).rejects.toThrow(StanzaError);
});
