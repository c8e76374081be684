import { expect, test } from '@jest/globals';
import { chooseMechanism } from '../../../src/session/login/sasl.js';

const ROMEO = { username: 'romeo', password: 'r0m30' };
const BINDING = { type: 'tls-exporter', data: Buffer.alloc(32) } as const;

/** All that is spoken, best first. */
const BY_RANK = [
  'SCRAM-SHA-512-PLUS',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'PLAIN',
];

const chosen = (
  mechanisms: readonly string[],
  {
    binding,
    canBind = true,
    mayPlain = true,
  }: { binding?: typeof BINDING | undefined; canBind?: boolean; mayPlain?: boolean } = {},
) => chooseMechanism({ mechanisms: [...mechanisms], binding, canBind }, ROMEO, mayPlain);

test.each(BY_RANK.map((name, rank) => [name, BY_RANK.slice(rank)] as const))(
  '%s is spoken where nothing better is offered, a bound one before any longer hash (R290)',
  (name, offered) => {
    expect(chosen([...offered].reverse(), { binding: BINDING })?.name).toBe(name);
  },
);

test('a bound one is not spoken without a binding that both have', () => {
  expect(chosen(BY_RANK)?.name).toBe('SCRAM-SHA-512');
  expect(chosen(['SCRAM-SHA-256-PLUS'])).toBeUndefined();
});

test.each([
  ['the binding that is spoken', BY_RANK, { binding: BINDING }, /^p=tls-exporter,,/],
  ['that the server offers one which we do not have', BY_RANK, {}, /^n,,/],
  ['that the server offers none', ['SCRAM-SHA-256'], { binding: BINDING }, /^y,,/],
  ['that there is none here', ['SCRAM-SHA-256'], { canBind: false }, /^n,,/],
])('the first message says %s', async (_what, offered, known, header) => {
  expect(await chosen(offered, known)?.respond()).toMatch(header);
});

test('PLAIN has no challenge', () => {
  const plain = chosen(['PLAIN']);
  expect(() => plain?.challenge('r=x')).toThrow('the server sent a challenge where PLAIN has none');
});

test('PLAIN is spoken on request alone', () => {
  expect(chosen(['PLAIN'], { mayPlain: false })).toBeUndefined();
});
