// How a resource says, in its answer to disco#info, that it opens seals, and with which key. docs/seal.md, "Keys".
import { type Element, xml } from '../../session/xml.js';
import { decodeBase64, encodeBase64 } from '../base64.js';
import { featuresOf } from '../disco.js';
import { dh, generateKeyPair } from '../noise/dh25519.js';
import { NoiseFailure } from '../noise/noise-failure.js';
import { NS_SEAL } from './handshake.js';

const NS_FORM = 'jabber:x:data';

/** Bytes of a key. */
const KEY_LENGTH = 32;
/** The highest bit counts for nothing, so that it must not make two forms of one key. */
const SPARE_BIT = 0x80;

/** A resource announces a key in another form than docs/seal.md sets. That is not the same as announcing none. */
export class MalformedAnnouncement extends Error {
  override readonly name = 'MalformedAnnouncement';
  constructor(jid: string) {
    super(`${jid} announces its key in a way that no inband does`);
  }
}

/** `key`: 32 bytes. */
export const keyForm = (key: Uint8Array): Element =>
  xml(
    'x',
    { xmlns: NS_FORM, type: 'result' },
    xml('field', { var: 'FORM_TYPE', type: 'hidden' }, xml('value', {}, NS_SEAL)),
    xml('field', { var: 'key' }, xml('value', {}, encodeBase64(key))),
  );

/** The key that this one announces; `undefined`: none. Throws `MalformedAnnouncement`. */
export function announcedKey(jid: string, info: Element): Buffer | undefined {
  const isAnnounced = featuresOf(info).has(NS_SEAL);
  const forms = info.getChildren('x', NS_FORM).filter(isOfSeal);
  const [form, ...others] = forms;
  if (!isAnnounced && !form) return undefined;
  const key = form && keyIn(form);
  if (!isAnnounced || !key || others.length > 0) throw new MalformedAnnouncement(jid);
  return key;
}

/** Whether it says that it has a key, well or badly. */
export const tellsOfKey = (info: Element): boolean =>
  featuresOf(info).has(NS_SEAL) || info.getChildren('x', NS_FORM).some(isOfSeal);

const valuesOf = (field: Element): string[] =>
  field.getChildren('value').map((value) => value.getText());

const fieldsOf = (form: Element, name: string): Element[] =>
  form.getChildren('field').filter(({ attrs }) => attrs.var === name);

const isOfSeal = (form: Element): boolean =>
  fieldsOf(form, 'FORM_TYPE').some((field) => valuesOf(field).includes(NS_SEAL));

function keyIn(form: Element): Buffer | undefined {
  const fields = form.getChildren('field');
  const values = fieldsOf(form, 'key').flatMap(valuesOf);
  // The type and the key, and nothing else.
  if (fields.length !== 2 || values.length !== 1) return undefined;
  const [text = ''] = values;
  const key = /\s/.test(text) ? undefined : decodeBase64(text);
  if (key?.length !== KEY_LENGTH || ((key.at(-1) ?? 0) & SPARE_BIT) !== 0) return undefined;
  return opensNothing(key) ? undefined : key;
}

/** With such a key, of low order, what two parties share would be zeros: it is nobody's. */
function opensNothing(key: Buffer): boolean {
  try {
    dh(generateKeyPair(), key);
    return false;
  } catch (error) {
    if (error instanceof NoiseFailure) return true;
    throw error;
  }
}
