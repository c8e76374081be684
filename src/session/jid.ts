/** The parts of an address (RFC 7622). `local` and `resource` are empty where the JID has none. */
export interface Jid {
  local: string;
  domain: string;
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
  readonly text: string;
  constructor(text: string) {
    const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
    super(`"${shown}" is not an XMPP address; one looks like name@example.org`);
    this.text = shown;
  }
}

/** Reads `local@domain/resource`, lower-casing all but the resource (RFC 7622 §3). Throws `MalformedJid`. */
export function parseJid(text: string): Jid {
  if (text.length > MAX_CHARACTERS) throw new MalformedJid(text);
  const slash = text.indexOf('/');
  const bare = slash < 0 ? text : text.slice(0, slash);
  const at = bare.indexOf('@');
  const jid = {
    local: at < 0 ? '' : bare.slice(0, at).toLowerCase().normalize('NFC'),
    domain: bare
      .slice(at + 1)
      .toLowerCase()
      .normalize('NFC')
      .replace(/\.$/, ''),
    resource: slash < 0 ? '' : text.slice(slash + 1).normalize('NFC'),
  };
  const missing = !jid.domain || (at >= 0 && !jid.local) || (slash >= 0 && !jid.resource);
  const forbidden =
    NOT_IN_LOCAL.test(jid.local) ||
    NOT_IN_DOMAIN.test(jid.domain) ||
    NOT_IN_RESOURCE.test(jid.resource);
  const tooLong = Object.values(jid).some((part) => Buffer.byteLength(part) > MAX_PART_BYTES);
  if (missing || forbidden || tooLong) throw new MalformedJid(text);
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

export function formatJid({ local, domain, resource }: Jid): string {
  return `${local ? `${local}@` : ''}${domain}${resource ? `/${resource}` : ''}`;
}

/** The address without its resource, normalized. Throws `MalformedJid`. */
export function bareJid(text: string): string {
  return formatJid({ ...parseJid(text), resource: '' });
}
