const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** In characters; nobody needs so many zeros. */
export const LONGEST_REFERENCE = 32;

/** After `&`; empty where there is none. */
const REFERENCE = /&(?:#x([\da-f]+);|#(\d+);|(lt|gt|amp|quot|apos);)?/iy;

/** Parts that are joined at a time. */
const MAX_PARTS = 1024;

/**
 * Reads the references in a text or an attribute's value (XML 1.0 §4.1 and §4.6). Throws on unknown ones. One after the
 * other: `replace` with a function keeps all matches of a text until the end, 100 bytes and more for each reference.
 */
export function decode(text: string): string {
  let decoded = '';
  let parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', from)) {
    REFERENCE.lastIndex = at;
    const [reference, hex, decimal, name] = REFERENCE.exec(text) as RegExpExecArray;
    parts.push(text.slice(from, at), character(reference, hex, decimal, name));
    from = at + reference.length;
    if (parts.length < MAX_PARTS) continue;
    decoded += parts.join('');
    parts = [];
  }
  return from === 0 ? text : decoded + parts.join('') + text.slice(from);
}

function character(reference: string, hex?: string, decimal?: string, name?: string): string {
  if (name) return ENTITIES[name] ?? unknown(reference);
  const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
  return isCharacter(code) ? String.fromCodePoint(code) : unknown(reference);
}

/** XML 1.0 §2.2. */
const isCharacter = (code: number) =>
  code === 0x9 ||
  code === 0xa ||
  code === 0xd ||
  (code >= 0x20 && code <= 0xd7ff) ||
  (code >= 0xe000 && code <= 0xfffd) ||
  (code >= 0x10000 && code <= 0x10ffff);

function unknown(reference: string): never {
  throw new Error(`the XML has an unknown reference ${reference.slice(0, LONGEST_REFERENCE)}`);
}
