import { describe, expect, test } from '@jest/globals';
import { bareJid, MalformedJid } from '../../../src/session/jid.js';
import {
  createPolicy,
  createRelations,
  DEFAULT_ALLOW,
  isNaming,
  namedBy,
} from '../../../src/transfer/serving/policy.js';

const ACCOUNT = 'romeo@montague.example';
const CONTACTS = new Set(['juliet@capulet.example']);

const OWN = `${ACCOUNT}/hall`;
const CONTACT = 'juliet@capulet.example/balcony';
const STRANGER = 'tybalt@capulet.example/street';

const policyOf = (...rules: string[]) => createPolicy(rules, ACCOUNT, () => CONTACTS);

describe('the policy', () => {
  test('of no rule lets nobody in', () => {
    const allows = policyOf();
    expect([OWN, CONTACT, STRANGER].map(allows)).toEqual([false, false, false]);
  });

  test('by default lets the account itself and its contacts in', () => {
    const allows = policyOf(...DEFAULT_ALLOW);
    expect([OWN, CONTACT, STRANGER].map(allows)).toEqual([true, true, false]);
  });

  test('of several rules lets in whom one of them does', () => {
    const allows = policyOf('own', STRANGER);
    expect([OWN, CONTACT, STRANGER].map(allows)).toEqual([true, false, true]);
  });
});

test.each([
  [
    ['own', 'contacts'],
    ['own', 'known', 'other'],
  ],
  [['anyone'], ['own', 'known', 'other']],
  [['capulet.example'], ['own', 'known', 'other']],
  [[STRANGER], ['own', 'known', 'known']],
  [['tybalt@capulet.example'], ['own', 'known', 'known']],
])(
  'to whom addresses are shown is not decided by a domain: --allow %j (R606)',
  (rules, relations) => {
    const relationOf = createRelations(rules, ACCOUNT, () => CONTACTS);
    expect([OWN, CONTACT, STRANGER].map(relationOf)).toEqual(relations);
  },
);

test('a rule names somebody unless it is "anyone" (R305)', () => {
  const rules = ['own', 'contacts', 'anyone', 'juliet@capulet.example', 'capulet.example'];
  expect(rules.filter(isNaming)).toEqual(rules.filter((rule) => rule !== 'anyone'));
});

test('whoever an archive is asked for is known one by one: not anyone, and no domain (R1106)', () => {
  const rules = ['anyone', 'capulet.example', 'own', 'contacts', STRANGER];
  const named = namedBy(rules, OWN, CONTACTS);
  expect([...named].sort()).toEqual([ACCOUNT, ...CONTACTS, bareJid(STRANGER)].sort());
  expect(namedBy(['anyone', 'capulet.example'], OWN, CONTACTS)).toEqual([]);
});

test('"anyone" is anyone', () => {
  const allows = policyOf('anyone');
  expect([OWN, CONTACT, STRANGER, 'capulet.example'].map(allows)).toEqual([true, true, true, true]);
});

describe('"own"', () => {
  test.each([ACCOUNT, OWN, 'romeo@montague.example/hall'])('is %s', (from) => {
    expect(policyOf('own')(from)).toBe(true);
  });

  test('is the account, whatever its resource', () => {
    const allows = createPolicy(['own'], 'romeo@montague.example/orchard', () => CONTACTS);
    expect(allows(OWN)).toBe(true);
  });

  test.each([
    CONTACT,
    'montague.example',
    'montague.example/romeo@montague.example',
    'romeo@montague.example.evil.example/hall',
    'romeo@capulet.example/hall',
    'xromeo@montague.example/hall',
  ])('is not %s', (from) => {
    expect(policyOf('own')(from)).toBe(false);
  });
});

describe('"contacts"', () => {
  test.each([CONTACT, 'juliet@capulet.example', 'juliet@capulet.example/x'])('is %s', (from) => {
    expect(policyOf('contacts')(from)).toBe(true);
  });

  test.each([OWN, STRANGER, 'capulet.example'])('is not %s', (from) => {
    expect(policyOf('contacts')(from)).toBe(false);
  });

  test('is who they are at the moment', () => {
    const contacts = new Set<string>();
    const allows = createPolicy(['contacts'], ACCOUNT, () => contacts);
    expect(allows(CONTACT)).toBe(false);
    contacts.add('juliet@capulet.example');
    expect(allows(CONTACT)).toBe(true);
    contacts.clear();
    expect(allows(CONTACT)).toBe(false);
  });
});

describe('a bare JID', () => {
  const allows = policyOf('Tybalt@Capulet.Example');

  test.each(['tybalt@capulet.example', STRANGER, 'tybalt@capulet.example/Tomb'])(
    'stands for %s',
    (from) => {
      expect(allows(from)).toBe(true);
    },
  );

  test.each([CONTACT, 'capulet.example', 'capulet.example/tybalt', 'tybalt@sub.capulet.example/x'])(
    'does not stand for %s',
    (from) => {
      expect(allows(from)).toBe(false);
    },
  );
});

describe('a full JID', () => {
  const allows = policyOf('Tybalt@Capulet.Example/street');

  test('stands for itself', () => {
    expect(allows(STRANGER)).toBe(true);
  });

  test.each([
    'tybalt@capulet.example',
    'tybalt@capulet.example/Street',
    'tybalt@capulet.example/street2',
    'tybalt@capulet.example/street/street',
    'juliet@capulet.example/street',
  ])('does not stand for %s', (from) => {
    expect(allows(from)).toBe(false);
  });

  test('may have any characters in its resource', () => {
    const from = 'tybalt@capulet.example/a@b/c d';
    expect(policyOf(from)(from)).toBe(true);
  });
});

describe('a domain', () => {
  test.each(['capulet.example', 'Capulet.EXAMPLE', 'capulet.example.'])(
    '%s stands for its accounts and for itself',
    (rule) => {
      const allows = policyOf(rule);
      const from = [STRANGER, 'juliet@capulet.example', 'capulet.example', 'capulet.example/x'];
      expect(from.map(allows)).toEqual([true, true, true, true]);
    },
  );

  test.each([
    'tybalt@sub.capulet.example/street',
    'sub.capulet.example',
    'tybalt@xcapulet.example/street',
    'tybalt@capulet.example.evil.example/street',
    'tybalt@example/street',
    'capulet.example@evil.example/street',
    'tybalt@evil.example/capulet.example',
    'tybalt@evil.example/x@capulet.example',
  ])('does not stand for %s', (from) => {
    expect(policyOf('capulet.example')(from)).toBe(false);
  });
});

test.each(['', '@', 'tybalt@', '@capulet.example', 'tybalt@capulet.example/', 'a b'])(
  'the rule %j is refused when the policy is made',
  (rule) => {
    expect(() => policyOf('anyone', rule)).toThrow(MalformedJid);
  },
);

describe('what was typed and what a server has stamped', () => {
  const lets = (rule: string, from: string) =>
    createPolicy([rule], 'romeo@montague.example', () => CONTACTS)(from);

  test.each([
    ['Tybalt@CAPULET.example', 'tybalt@capulet.example/x'],
    ['straße@capulet.example', 'straße@capulet.example/x'],
    ['a@bücher.example', 'a@xn--bcher-kva.example/x'],
    ['a@xn--bcher-kva.example', 'a@bücher.example/x'],
    ['xn--bcher-kva.example', 'a@bücher.example/x'],
  ])('%s lets %s in (R82)', (rule, from) => {
    expect(lets(rule, from)).toBe(true);
  });

  test.each([
    ['tybalt@capulet.example', 'Tybalt@capulet.example/x'],
    ['straße@capulet.example', 'strasse@capulet.example/x'],
    ['fi@capulet.example', 'ﬁ@capulet.example/x'],
  ])('%s does not let %s in, who is somebody else (R82)', (rule, from) => {
    expect(lets(rule, from)).toBe(false);
  });
});
