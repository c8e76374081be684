import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { connect } from '../../../src/session/connect.js';
import { parseProxy } from '../../../src/session/dial/proxy.js';
import { type ConnectOptions, givenOptions } from '../../../src/session/given/connect-options.js';
import { xml } from '../../../src/session/xml.js';

const LOGIN = { account: 'romeo@localhost', password: 'secret' };
const PROXY = parseProxy('socks5://romeo:secret@proxy.example:1080', ['localhost']);

const isProxy = 'proxy is to be what parseProxy returns, not';

test.each<[Record<string, unknown>, string]>([
  [{ account: undefined }, 'account is to be a text, not undefined'],
  [{ account: 7 }, 'account is to be a text, not 7'],
  [{ password: Buffer.from('secret') }, 'password is to be a text, not of type object'],
  [{ resource: null }, 'resource is to be a text, not null'],
  [{ service: new URL('xmpp://localhost') }, 'service is to be a text, not of type object'],
  [{ ca: ['PEM'] }, 'ca is to be a text, not of type object'],
  [{ roots: 'PEM' }, 'roots is to be an array of texts, not of type string'],
  [{ roots: [null] }, 'roots is to be an array of texts, not of type object'],
  [{ allowPlain: 'false' }, 'allowPlain is to be true or false, not of type string'],
  [{ allowPlain: 0 }, 'allowPlain is to be true or false, not 0'],
  [{ proxy: null }, `${isProxy} null`],
  [{ proxy: false }, `${isProxy} false`],
  [{ proxy: 'socks5://romeo:secret@proxy.example:1080' }, `${isProxy} of type string`],
  [{ proxy: { ...PROXY, kind: 'https' } }, `${isProxy} of type object`],
  [{ proxy: { ...PROXY, host: '' } }, `${isProxy} of type object`],
  [{ proxy: { ...PROXY, port: '1080' } }, `${isProxy} of type object`],
  [{ proxy: { ...PROXY, port: 65_536 } }, `${isProxy} of type object`],
  [{ proxy: { ...PROXY, user: 'romeo:secret' } }, `${isProxy} of type object`],
  [{ proxy: { ...PROXY, user: { name: 'romeo' } } }, `${isProxy} of type object`],
  [
    { proxy: { ...PROXY, user: { name: 'a'.repeat(256), password: '' } } },
    `${isProxy} of type object`,
  ],
  [{ proxy: { ...PROXY, except: undefined } }, `${isProxy} of type object`],
  [{ proxy: { ...PROXY, except: 'localhost' } }, `${isProxy} of type object`],
  [{ timeout: '30' }, 'timeout is to be more than 0 milliseconds, not of type string'],
  [{ timeout: Number.NaN }, 'timeout is to be more than 0 milliseconds, not NaN'],
  [{ timeout: 0 }, 'timeout is to be more than 0 milliseconds, not 0'],
  [{ signal: new AbortController() }, 'signal is to be an AbortSignal, not of type object'],
  [{ clock: { now: Date.now } }, 'clock is to be a Clock, not of type object'],
  [{ random: 0.5 }, 'random is to be a function, not 0.5'],
  ...['admit', 'mayRefuse', 'onError', 'onUnsendable', 'onLogin', 'onSetback', 'onPadded'].flatMap(
    (name): [Record<string, unknown>, string][] => [
      [{ [name]: 'romeo@localhost' }, `${name} is to be a function, not of type string`],
      [{ [name]: null }, `${name} is to be a function, not null`],
    ],
  ),
  [{ admits: () => false }, 'connect has no option admits'],
  [{ toString: 'x' }, 'connect has no option toString'],
])('%p is refused before anything is sent (R1209)', async (given, message) => {
  const options = { ...LOGIN, ...given } as ConnectOptions;
  await expect(connect(options)).rejects.toThrow(new RangeError(message));
});

test('what may be given is taken as it is, and undefined as absent (R1209)', () => {
  const given = { ...LOGIN, proxy: PROXY, timeout: Number.POSITIVE_INFINITY, allowPlain: true };
  const absent = { service: undefined, admit: undefined, signal: undefined };
  const options = givenOptions({ ...given, ...absent });
  expect(options).toMatchObject(given);
  expect(Object.keys(options)).not.toContain('admit');
  const plain = { ...LOGIN, proxy: parseProxy('http://proxy.example') };
  expect(givenOptions(plain)).toMatchObject(plain);
});

const refuses = { ...LOGIN, service: 'xmpp://localhost', proxy: PROXY, admit: () => false };

class Options {
  readonly #friends = new Set(['juliet@localhost']);
  account = LOGIN.account;
  password = LOGIN.password;
  get service() {
    return refuses.service;
  }
  get proxy() {
    return PROXY;
  }
  admit(from: string) {
    return this.#friends.has(from);
  }
}

test.each([
  ['made from defaults', Object.create(refuses)],
  ['of a class', new Options()],
  ['of a class of another', new (class extends Options {})()],
  ['behind a Proxy', new Proxy({}, { get: (_none, name) => Reflect.get(refuses, name) })],
  ['that are not enumerable', Object.defineProperties({}, propertiesOf(refuses))],
])('options %s are all there (R1255)', (_title, given) => {
  const options = givenOptions(given);
  const { service, proxy } = refuses;
  expect(options).toMatchObject({ ...LOGIN, service, proxy });
  expect(options.admit?.('tybalt@localhost', xml('ping'))).toBe(false);
});

test('an inherited option that cannot be is refused as well (R1255)', async () => {
  const given = Object.create({ ...LOGIN, proxy: null });
  await expect(connect(given)).rejects.toThrow(new RangeError(`${isProxy} null`));
});

const misspelt = { admits: () => false };

test.each([
  ['made from defaults', Object.create({ ...LOGIN, ...misspelt }), 'admits'],
  [
    'made from defaults, those of their own',
    Object.assign(Object.create(misspelt), LOGIN),
    'admits',
  ],
  [
    'made without a prototype',
    Object.create(Object.assign(Object.create(null), LOGIN, misspelt)),
    'admits',
  ],
  [
    'that are not enumerable',
    Object.defineProperties({}, propertiesOf({ ...LOGIN, proxi: PROXY })),
    'proxi',
  ],
  [
    'of a class',
    new (class extends Options {
      get servise() {
        return 'xmpp://localhost';
      }
    })(),
    'servise',
  ],
  [
    'of a class of another',
    new (class extends Options {
      readonly admits = () => false;
    })(),
    'admits',
  ],
  [
    'that are called as what all objects inherit',
    Object.create({ ...LOGIN, valueOf: 1 }),
    'valueOf',
  ],
])('options %s are refused where there is no such one (R1280)', async (_title, given, name) => {
  await expect(connect(given)).rejects.toThrow(new RangeError(`connect has no option ${name}`));
});

test.each([
  [
    'methods of a class',
    new (class extends Options {
      refresh() {}
      override toString() {
        return '';
      }
    })(),
  ],
  ['what is undefined', Object.create({ ...LOGIN, admits: undefined })],
  [
    'what hides another one',
    Object.assign(Object.create(misspelt), { ...LOGIN, admits: undefined }),
  ],
  ['what objects of another realm inherit', runInNewContext('({ ...login })', { login: LOGIN })],
])('%s is no option that there is not (R1280)', (_title, given) => {
  expect(givenOptions(given)).toMatchObject(LOGIN);
});

test('a signal that Node has not made is heard (R1256)', async () => {
  const target = new EventTarget();
  const foreign = Object.assign(target, { aborted: false, reason: undefined as unknown });
  const given = (signal: unknown) => givenOptions({ ...LOGIN, signal } as ConnectOptions).signal;
  const ours = given(foreign) as AbortSignal;
  const heard = AbortSignal.any([ours]);
  Object.assign(foreign, { aborted: true, reason: new Error('enough') });
  target.dispatchEvent(new Event('abort'));
  expect(heard.reason).toEqual(new Error('enough'));
  expect(given(foreign)).toMatchObject({ aborted: true, reason: new Error('enough') });
});

test('what is only told never throws into the connection, and onError hears of it (R1208)', () => {
  const errors: string[] = [];
  const fail = () => {
    throw new Error('mine');
  };
  const { onLogin, onSetback, onPadded } = givenOptions({
    ...{ ...LOGIN, onLogin: fail, onSetback: fail, onPadded: fail },
    onError: ({ message }) => errors.push(message),
  });
  onLogin?.({ host: '', port: 0, isWebSocket: false, isFallback: false, tls: '', mechanism: '' });
  onSetback?.(new Error('theirs'));
  onPadded?.(1);
  expect(errors).toEqual(['mine', 'mine', 'mine']);
});

function propertiesOf(given: object): PropertyDescriptorMap {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, { value }]));
}
