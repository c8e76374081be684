import { domainToASCII, domainToUnicode } from 'node:url';
import { withoutUser } from './dial/shown-address.js';
import { withHints } from './hints.js';

/** The parts of an address (RFC 7622). `local` and `resource` are empty where the JID has none. */
export interface Jid {
  /** Before the `@`. */
  local: string;
  /** The server. */
  domain: string;
  /** Behind the `/`. */
  resource: string;
}

/** RFC 7622 §3.1: each part has at most 1023 bytes. */
const MAX_PART_BYTES = 1023;
/** Three parts, `@` and `/`. Nothing longer is looked at, by which normalizing would take for ever. */
const MAX_CHARACTERS = 3 * MAX_PART_BYTES + 2;
/** As much of what is no address as an error needs to show. */
const MAX_SHOWN = 100;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const NOT_IN_LOCAL = /[\u0000-\u0020\u007f"&'/:<>@]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const NOT_IN_DOMAIN = /[\u0000-\u0020\u007f"&'/<>@]|^\.|\.\.|\.$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const NOT_IN_RESOURCE = /[\u0000-\u001f\u007f]/;

/** A text is not an XMPP address. */
export class MalformedJid extends Error {
  override readonly name = 'MalformedJid';
  /** What was given, without what may be the password of a URL, and cut to 100 characters. */
  readonly text: string;
  constructor(
    given: string,
    why = 'is not an XMPP address',
    hint = 'one looks like name@example.org',
  ) {
    const text = withoutUser(given);
    const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
    super(`"${shown}" ${why}`);
    this.text = shown;
    withHints(this, hint);
  }
}

/**
 * Reads `local@domain/resource` as it is written. What a server has stamped is prepared already, and two that
 * differ are two accounts. Throws `MalformedJid`.
 */
export function parseJid(text: string): Jid {
  return checked(text, splitJid(text));
}

/**
 * Reads what a person typed, and prepares it as servers do (RFC 7622 §3): in lower case but for the resource,
 * letters of full or half width as the usual ones (RFC 8265 §3.3.1), composed. Throws `MalformedJid`.
 */
export function prepareJid(text: string): Jid {
  const { local, domain, resource } = splitJid(text);
  return checked(text, {
    local: prepare(local),
    domain: prepare(domain)
      .replace(/[\u3002\uff0e]/g, '.')
      .replace(/\.$/, ''),
    resource: resource.normalize('NFC'),
  });
}

const prepare = (part: string): string =>
  part
    .replace(/[\uff01-\uffee]/g, (wide) => wide.normalize('NFKC'))
    .toLowerCase()
    .normalize('NFC');

/** The parts as they are written, of which nothing is checked but that they are there. Throws `MalformedJid`. */
export function splitJid(text: string): Jid {
  if (text.length > MAX_CHARACTERS) throw new MalformedJid(text);
  const slash = text.indexOf('/');
  const bare = slash < 0 ? text : text.slice(0, slash);
  const at = bare.indexOf('@');
  if (at === 0 || slash === text.length - 1) throw new MalformedJid(text);
  return {
    local: at < 0 ? '' : bare.slice(0, at),
    domain: bare.slice(at + 1),
    resource: slash < 0 ? '' : text.slice(slash + 1),
  };
}

function checked(text: string, jid: Jid): Jid {
  const forbidden =
    !jid.domain ||
    NOT_IN_LOCAL.test(jid.local) ||
    NOT_IN_DOMAIN.test(jid.domain) ||
    NOT_IN_RESOURCE.test(jid.resource);
  const tooLong = Object.values(jid).some((part) => Buffer.byteLength(part) > MAX_PART_BYTES);
  if (forbidden || tooLong) throw new MalformedJid(text);
  return jid;
}

/** Whether a text of unknown origin is an XMPP address. */
export function isJid(text: string): boolean {
  try {
    parseJid(text);
    return true;
  } catch {
    return false;
  }
}

/** As it is written: `local@domain/resource`, without what is empty. */
export function formatJid({ local, domain, resource }: Jid): string {
  return `${local ? `${local}@` : ''}${domain}${resource ? `/${resource}` : ''}`;
}

/** The address without its resource. Throws `MalformedJid`. */
export function bareJid(text: string): string {
  return formatJid({ ...parseJid(text), resource: '' });
}

/** What stands before the resource of an address, of which nothing is checked. */
export const withoutResource = (text: string): string => text.split('/', 1)[0] as string;

/** The domain of an address without resource, of which nothing is checked. */
export const domainOf = (bare: string): string => bare.slice(bare.indexOf('@') + 1);

/** The domain of any JID. */
export const serverOf = (jid: string): string => domainOf(bareJid(jid));

/** What a person typed, prepared, as a text. Throws `MalformedJid`. */
export const preparedJid = (text: string): string => formatJid(prepareJid(text));

/**
 * The bare JID in one form, however it was typed, and whichever form of its domain servers use: what is known of
 * somebody's keys is filed under it. Throws `MalformedJid`.
 */
export function accountOf(text: string): string {
  const jid = parseJid(bareJid(preparedJid(text)));
  return formatJid({ ...jid, domain: domainToUnicode(jid.domain) || jid.domain });
}

/**
 * Whether two addresses may be forms of one: RFC 7622 leaves alone what older servers fold (NFKC and case, by RFC
 * 6122), and a domain may be written in ASCII. Good for an answer that nobody else could give, and for nothing else.
 */
export function mayBeForms(one: string, other: string): boolean {
  return one === other || (isJid(one) && isJid(other) && folded(one) === folded(other));
}

/** Not ASCII, or an internationalized domain that is written in ASCII. */
const NOT_PLAIN = /[^\0-\x7f]|xn--/;

/** Whether a server may write an address, prepared as it is, in another form. */
export const hasForms = (jid: string): boolean => NOT_PLAIN.test(jid);

/** A domain as it was written, and as a server may have it: in Unicode (RFC 7622 §3.2), in ASCII. */
export function domainForms(domain: string): string[] {
  if (!hasForms(domain)) return [domain];
  const others = [domainToUnicode(domain), domainToASCII(domain)];
  return [...new Set([domain, ...others.filter((one) => one)])];
}

/**
 * What a person typed, prepared, with its domain as our server has it that is the server of `own`, and in Unicode (RFC
 * 7622 §3.2) that of another one. Throws `MalformedJid`.
 */
export function addressFrom(own: string, text: string): string {
  const jid = prepareJid(text);
  const { domain: ours } = parseJid(own);
  const forms = domainForms(jid.domain);
  const inUnicode = forms.length > 1 ? domainToUnicode(jid.domain) : '';
  return formatJid({ ...jid, domain: forms.includes(ours) ? ours : inUnicode || jid.domain });
}

function folded(text: string): string {
  const { local, domain, resource } = parseJid(text);
  const fold = (part: string) =>
    part.normalize('NFKC').toLowerCase().toUpperCase().normalize('NFKC');
  return formatJid({
    local: fold(local),
    domain: fold(domainToUnicode(domain) || domain),
    resource: resource.normalize('NFKC'),
  });
}
