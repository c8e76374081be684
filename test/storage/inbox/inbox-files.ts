/** Bytes. */
export const BLOCK = 65_536;

/** A file that comes in 160 blocks; other than those of other numbers, and each block other than the next. */
export function contentOf(file: number): Buffer {
  const content = Buffer.alloc(160 * BLOCK, `file ${file} `);
  for (let at = 0; at < content.length; at += BLOCK) content.write(`block ${at}`, at);
  return content;
}
