import { expect, test } from '@jest/globals';
import { JingleEnded } from '../../../src/protocol/jingle/session/jingle-ended.js';
import { isForGood, reasonOf } from '../../../src/session/dial/network-reason.js';

const failure = (code: string, message: string, more = {}) =>
  Object.assign(new Error(message), { code, ...more });

/** As Node has them: the reason stands by itself, or in OpenSSL's line alone. */
const SNI = failure(
  'EPROTO',
  'write EPROTO 806C1FD2:error:0A000458:SSL routines:ssl3_read_bytes:tlsv1 unrecognized name:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1590:SSL alert number 112\n',
);
const ALERT = failure(
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  '806C1FD2:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1590:SSL alert number 40\n',
);
const OVERLOAD = failure(
  'EPROTO',
  'write EPROTO 806C1FD2:error:0A000438:SSL routines:ssl3_read_bytes:tlsv1 alert internal error:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1590:SSL alert number 80\n',
);
const ABSENT = failure('ENOTFOUND', 'getaddrinfo ENOTFOUND upload.example.org');
const CONNECT = { syscall: 'connect' };
const CLOSED = failure('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:443', {
  ...CONNECT,
  address: '127.0.0.1',
});

test.each<[string, Error, boolean]>([
  ['tlsv1 unrecognized name', SNI, true],
  ['sslv3 alert handshake failure', ALERT, true],
  ['tlsv1 alert internal error', OVERLOAD, false],
  ['there is no such name', ABSENT, true],
  ['its name cannot be looked up now', failure('EAI_AGAIN', 'getaddrinfo EAI_AGAIN a.b'), false],
  ['nothing listens there', CLOSED, false],
  ['it closed the connection', failure('ECONNRESET', 'read ECONNRESET'), false],
  ['it closed the connection', failure('ECONNRESET', 'socket hang up'), false],
  ['it closed the connection', failure('ECONNRESET', 'aborted'), false],
  ['it does not answer', failure('ETIMEDOUT', 'connect ETIMEDOUT 192.0.2.1:443'), false],
  ['it closed the connection', failure('EPIPE', 'write EPIPE'), false],
  ['it cannot be reached', failure('EHOSTUNREACH', 'connect EHOSTUNREACH 192.0.2.1:443'), false],
  ['no network leads there', failure('ENETUNREACH', 'connect ENETUNREACH 192.0.2.1:443'), false],
  ['the network is down', failure('ENETDOWN', 'connect ENETDOWN 192.0.2.1:443'), false],
  ['it failed with EACCES', failure('EACCES', 'connect EACCES 192.0.2.1:443', CONNECT), false],
  ['it closed too early', new Error('it closed too early'), false],
  ['This operation was aborted', AbortSignal.abort().reason, false],
  [
    'what it answers is no HTTP',
    failure('HPE_HEADER_OVERFLOW', 'Parse Error: Header overflow', { reason: 'Header overflow' }),
    false,
  ],
])(
  '%s is all that is said, and is told from what may pass (R1236, R1295)',
  (words, error, forGood) => {
    expect(reasonOf(error)).toBe(words);
    expect(isForGood(error)).toBe(forGood);
  },
);

test('an error of ours that has a reason of its own keeps its words (R1332)', () => {
  expect(reasonOf(new JingleEnded({ condition: 'cancel', text: 'no' }, false))).toBe('cancel: no');
});

test('of a host with several addresses one that may come back is enough to try again (R1236)', () => {
  const both = Object.assign(new Error(''), { errors: [CLOSED, SNI] });
  expect(reasonOf(both)).toBe('127.0.0.1: nothing listens there, tlsv1 unrecognized name');
  expect(isForGood(both)).toBe(false);
});
