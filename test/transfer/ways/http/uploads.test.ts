import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { finished } from 'node:stream/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ChannelLost } from '../../../../src/protocol/channel.js';
import { UnusableSlot } from '../../../../src/protocol/http-upload/stanzas.js';
import { ownHints } from '../../../../src/session/hints.js';
import { StanzaError } from '../../../../src/session/stanza-error.js';
import { type Element, xml } from '../../../../src/session/xml.js';
import { Uploads } from '../../../../src/transfer/ways/http/uploads.js';
import { NoUploads, UploadRefused } from '../../../../src/transfer/ways/http/why-not-uploaded.js';
import { readAll } from '../../../protocol/ibb/bytestreams.js';
import { type HttpsServer, startHttpsServer } from '../../../protocol/network/https-server.js';
import { type Service, sessionsWithServices } from '../../../protocol/socks5/server.js';

const NS = 'urn:xmpp:http:upload:0';
const SERVICE = 'upload.montague.example';
const never = new AbortController().signal;
const BYTES = randomBytes(100_000);
const FILE = { name: 'a.bin', size: BYTES.length };

const servers: Pick<HttpsServer, 'stop'>[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

/** `maxSize` 0: it does not say how much it takes. */
const info = (maxSize: number) =>
  xml(
    'query',
    { xmlns: 'http://jabber.org/protocol/disco#info' },
    xml('feature', { var: NS }),
    xml(
      'x',
      { xmlns: 'jabber:x:data' },
      xml('field', { var: 'FORM_TYPE' }, xml('value', {}, NS)),
      maxSize > 0
        ? xml('field', { var: 'max-file-size' }, xml('value', {}, `${maxSize}`))
        : undefined,
    ),
  );

/** What a server makes of the n-th attempt; `cut`: it breaks it off after some bytes. */
type Fate = number | 'cut';

/** Uploads to a server that gives slots, and answers attempts one after the other as it is told. */
async function uploading(
  fates: Fate[],
  slotOf?: (request: Element) => Element,
  maxSize = 1_000_000,
) {
  const paths: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    paths.push(request.url ?? '');
    const fate = fates.shift() ?? 201;
    if (fate === 'cut') {
      request.once('data', () => server.cut());
      return;
    }
    await readAll(request);
    response.writeHead(fate).end();
  };
  const server = await startHttpsServer((request, response) => void answer(request, response));
  servers.push(server);
  let slots = 0;
  const service: Service = async (stanza) => {
    const request = stanza.getChild('request', NS);
    if (!request) return info(maxSize);
    if (slotOf) return slotOf(request);
    slots += 1;
    const url = `${server.origin}/${slots}`;
    return xml('slot', { xmlns: NS }, xml('put', { url }), xml('get', { url: `${url}/got` }));
  };
  const [romeo] = sessionsWithServices({ services: new Map([[SERVICE, service]]) });
  const uploads = new Uploads(romeo, async () => ({ ca: server.ca }));
  const attempt = async () => {
    const { put, url } = await uploads.begin(FILE, never);
    put.end(BYTES);
    await finished(put);
    return new URL(url).pathname;
  };
  return { uploads, attempt, paths, origin: () => server.origin };
}

/** A place that can never be uploaded to. */
async function startWithoutTls(): Promise<string> {
  const clear = createServer((socket) =>
    socket
      .on('error', () => undefined)
      .resume()
      .end('HTTP/1.1 400\r\n\r\n'),
  );
  clear.listen(0, '127.0.0.1');
  await once(clear, 'listening');
  servers.push({
    stop: async () => {
      clear.close();
    },
  });
  return `https://127.0.0.1:${(clear.address() as AddressInfo).port}/a`;
}

const refusedBy = async (error: StanzaError, file = FILE): Promise<Error> => {
  const { uploads } = await uploading([], () => {
    throw error;
  });
  return uploads.begin(file, never).catch((reason) => reason);
};

describe('an attempt after one that was cut', () => {
  test('goes to the same place, which is not asked for again (R723)', async () => {
    const { attempt, paths } = await uploading(['cut', 201]);
    await expect(attempt()).rejects.toThrow(ChannelLost);
    expect(await attempt()).toBe('/1/got');
    expect(paths).toEqual(['/1', '/1']);
  });

  test.each([401, 403, 404, 409, 410])(
    'goes to another place after that, as the first is used up (%i) (R723)',
    async (status) => {
      const { attempt, paths } = await uploading(['cut', status, 201]);
      await expect(attempt()).rejects.toThrow(ChannelLost);
      await expect(attempt()).rejects.toThrow(
        `answered ${status} to another attempt at the same upload`,
      );
      expect(await attempt()).toBe('/2/got');
      expect(paths).toEqual(['/1', '/1', '/2']);
    },
  );

  test('goes to another place when the second was cut as well (R723)', async () => {
    const { attempt, paths } = await uploading(['cut', 'cut', 201]);
    await expect(attempt()).rejects.toThrow(ChannelLost);
    await expect(attempt()).rejects.toThrow(ChannelLost);
    expect(await attempt()).toBe('/2/got');
    expect(paths).toEqual(['/1', '/1', '/2']);
  });

  test('is made where the server has failed, or has too much to do (R723)', async () => {
    for (const status of [408, 429, 500, 503]) {
      const { attempt } = await uploading([status, 201]);
      await expect(attempt()).rejects.toThrow(
        new RegExp(`^localhost:\\d+ answered ${status} to the upload$`),
      );
      expect(await attempt()).toBe('/1/got');
    }
  });
});

test('whichever attempt it is after one that was cut, our own network may be gone (R1276)', async () => {
  const CLOSED = 'https://127.0.0.1:1/a';
  const NO_TLS = await startWithoutTls();
  let url = CLOSED;
  const { uploads } = await uploading([], () =>
    xml('slot', { xmlns: NS }, xml('put', { url }), xml('get', { url })),
  );
  const attempt = async (file = FILE) => {
    const { put } = await uploads.begin(file, never);
    return finished(put.end()).catch((error) => error.constructor);
  };
  expect([await attempt(), await attempt()]).toEqual([ChannelLost, ChannelLost]);
  url = NO_TLS;
  for (let attempts = 3; attempts <= 6; attempts += 1) {
    expect([attempts, await attempt()]).toEqual([attempts, ChannelLost]);
  }
  expect(await attempt({ name: 'b.bin', size: 1 })).toBe(UnusableSlot);
});

test('an upload after one that was cut, and arrived, is a new one (R1276)', async () => {
  let url: string | undefined;
  const { uploads, attempt, origin } = await uploading(['cut', 201], () => {
    const at = url ?? `${origin()}/a`;
    return xml('slot', { xmlns: NS }, xml('put', { url: at }), xml('get', { url: at }));
  });
  await expect(attempt()).rejects.toThrow(ChannelLost);
  await attempt();
  url = await startWithoutTls();
  const { put } = await uploads.begin(FILE, never);
  await expect(finished(put.end(BYTES))).rejects.toThrow(UnusableSlot);
});

test('each file has a place of its own (R723)', async () => {
  const { attempt, paths } = await uploading([201, 201]);
  expect([await attempt(), await attempt()]).toEqual(['/1/got', '/2/got']);
  expect(paths).toEqual(['/1', '/2']);
});

test.each([
  [403, 'refused the upload (403)'],
  [413, 'refused the upload (413)'],
  [302, 'sends the upload elsewhere (302), which is not followed'],
])('%i is a no, and not asked again (R724)', async (status, words) => {
  const { attempt, paths } = await uploading([status]);
  const error = await attempt().catch((reason) => reason);
  expect(error).toBeInstanceOf(UploadRefused);
  expect(error.message).toContain(words);
  expect(paths).toEqual(['/1']);
});

test('what refuses less than the service says is told with what to do (R944)', async () => {
  const { attempt } = await uploading([413]);
  const error = await attempt().catch((reason) => reason);
  expect(ownHints(error)[0]).toBe('it takes less than it says: tell the people who run the server');
});

test('a file that is too large is not asked for, and both figures are told (R724)', async () => {
  const { uploads } = await uploading([], () => {
    throw new Error('was asked');
  });
  const error = await uploads.begin({ name: 'a.bin', size: 1_000_001 }, never).catch((one) => one);
  expect(error).toBeInstanceOf(UploadRefused);
  expect(error.message).toBe(`a.bin has 1000001 bytes, and ${SERVICE} takes 1000000 bytes at most`);
  expect(ownHints(error)).toContain('or send it in parts');
});

test('what has no size cannot be uploaded (R724)', async () => {
  const { uploads } = await uploading([]);
  const begun = uploads.begin({ name: 'stdin' }, never);
  await expect(begun).rejects.toThrow(UploadRefused);
  await expect(begun).rejects.toThrow(
    'the size of stdin is not known before it is read, and an upload must tell it',
  );
  expect(await begun.then(() => [], ownHints)).toEqual(['save it as a file first']);
});

test('a server that takes none is told by its name (R724)', async () => {
  const [romeo] = sessionsWithServices({ services: new Map() });
  const error = await new Uploads(romeo, async () => ({}))
    .begin(FILE, never)
    .catch((reason) => reason);
  expect(error).toBeInstanceOf(NoUploads);
  expect(error.message).toBe('montague.example takes no uploads (XEP-0363)');
  expect(ownHints(error)).toEqual([
    'the people who run the server can switch them on',
    'to somebody who is online, "inband send" needs no upload',
  ]);
});

test('one that does not say whether it takes some is not said to take none (R724)', async () => {
  const busy = async () => {
    throw new StanzaError('wait', 'resource-constraint');
  };
  const [romeo] = sessionsWithServices({ services: new Map([[SERVICE, busy]]) });
  const error = await new Uploads(romeo, async () => ({}))
    .begin(FILE, never)
    .catch((reason) => reason);
  expect(error).toBeInstanceOf(NoUploads);
  expect(error.message).toBe(
    `it is not known whether montague.example takes uploads (XEP-0363): no answer came from ${SERVICE}`,
  );
  expect(ownHints(error)[0]).toBe('try later');
});

const TOO_LARGE = { name: 'file-too-large', xmlns: NS };

test.each<[string, StanzaError, string]>([
  [
    'is too large after all',
    new StanzaError('modify', 'not-acceptable', 'File too large', TOO_LARGE),
    `a.bin has 100 kB, and ${SERVICE} takes 1 MB at most`,
  ],
  [
    'is over a quota',
    new StanzaError('wait', 'resource-constraint', 'Daily quota reached'),
    `${SERVICE} takes no more files from you for now (resource-constraint (Daily quota reached))`,
  ],
  [
    'comes from somebody who may not',
    new StanzaError('auth', 'forbidden', 'Only premium members'),
    `${SERVICE} takes no uploads from you (forbidden (Only premium members))`,
  ],
  [
    'is of another kind than is taken',
    new StanzaError('modify', 'not-acceptable', 'File type not allowed'),
    `${SERVICE} does not take a.bin (not-acceptable (File type not allowed))`,
  ],
])('a file that %s is refused in the words of the service (R724)', async (_what, said, words) => {
  const error = await refusedBy(said);
  expect(error).toBeInstanceOf(UploadRefused);
  expect(error.message).toBe(words);
});

test('a file that is too large for a service that does not say how much it takes is told to be that', async () => {
  const refuse = () => {
    throw new StanzaError('modify', 'not-acceptable', 'File too large', TOO_LARGE);
  };
  const { uploads } = await uploading([], refuse, 0);
  await expect(uploads.begin(FILE, never)).rejects.toThrow(
    `a.bin has 100 kB, which is too large for ${SERVICE}`,
  );
});

test('an empty file that is refused is called so (R724)', async () => {
  const error = await refusedBy(new StanzaError('modify', 'bad-request'), { name: 'a', size: 0 });
  expect(error.message).toBe(`${SERVICE} does not take a, which is empty (bad-request)`);
});
