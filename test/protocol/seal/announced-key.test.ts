import { describe, expect, test } from '@jest/globals';
import { infoElement } from '../../../src/protocol/disco.js';
import {
  announcedKey,
  keyForm,
  MalformedAnnouncement,
} from '../../../src/protocol/seal/announced-key.js';
import { NS_SEAL } from '../../../src/protocol/seal/handshake.js';
import { JULIET, parse } from '../../support/linked-sessions.js';

const KEY = Buffer.from('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=', 'base64');
const identity = { category: 'client', type: 'bot', name: 'inband' };
const said = infoElement({ identity, features: [NS_SEAL], forms: [keyForm(KEY)] }).toString();

const read = (text: string) => announcedKey(JULIET, parse(text));

describe('an answer to discovery', () => {
  test('has the key as docs/seal.md shows it (R369)', () => {
    expect(read(said)).toEqual(KEY);
    expect(said).toContain(
      `<field var="FORM_TYPE" type="hidden"><value>${NS_SEAL}</value></field>` +
        `<field var="key"><value>${KEY.toString('base64')}</value></field>`,
    );
  });

  test('without either has none (R369)', () => {
    const other = keyForm(KEY).toString().replace(NS_SEAL, 'urn:other');
    expect(read(infoElement({ identity, features: [] }).toString())).toBeUndefined();
    expect(
      read(infoElement({ identity, features: [], forms: [parse(other)] }).toString()),
    ).toBeUndefined();
  });

  const form = keyForm(KEY).toString();
  const value = `<value>${KEY.toString('base64')}</value>`;
  test.each([
    ['the feature without the form', said.replace(form, '')],
    ['the form without the feature', said.replace(`<feature var="${NS_SEAL}"/>`, '')],
    ['two forms', said.replace(form, form + form)],
    ['two values', said.replace(value, value + value)],
    ['no value', said.replace(value, '')],
    ['two keys', said.replace('</x>', `<field var="key">${value}</field></x>`)],
    ['another field', said.replace('</x>', '<field var="more"><value>1</value></field></x>')],
    ['31 bytes', said.replace(value, `<value>${KEY.subarray(1).toString('base64')}</value>`)],
    // Whoever seals to it shares nothing with anybody (R805).
    ['zeros', said.replace(value, `<value>${Buffer.alloc(32).toString('base64')}</value>`)],
    ['white space', said.replace(value, value.replace('<value>', '<value> '))],
    ['base64 without padding', said.replace(value, value.replace('=', ''))],
    [
      'a high bit',
      said.replace(
        value,
        `<value>${Buffer.concat([KEY.subarray(0, 31), Buffer.from([0x9f])]).toString('base64')}</value>`,
      ),
    ],
  ])('with %s is a failure, and not no key (R369, R805)', (_, text) => {
    expect(text).not.toBe(said);
    expect(() => read(text)).toThrow(MalformedAnnouncement);
    expect(() => read(text)).toThrow(/ announces its key in a way that no inband does$/);
  });
});
