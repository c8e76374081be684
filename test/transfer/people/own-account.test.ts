import { describe, expect, test } from '@jest/globals';
import { isSameAccount } from '../../../src/transfer/people/own-account.js';

describe('an account is the same', () => {
  test.each([
    ['whatever the resource', 'romeo@example.org/a', 'romeo@example.org/b/c'],
    ['whatever the case', 'Romeo@Example.org', 'romeo@example.org/a'],
    ['however servers write it', 'ｒomeo@example.org.', 'romeo@example.org'],
  ])('%s', (_how, one, other) => {
    expect(isSameAccount(one, other)).toBe(true);
  });

  test.each([
    ['of another person', 'romeo@example.org', 'juliet@example.org'],
    ['where one is no address', 'romeo@', 'romeo@'],
  ])('not %s', (_how, one, other) => {
    expect(isSameAccount(one, other)).toBe(false);
  });
});
