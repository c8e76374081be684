import { eastAsianWidth } from 'get-east-asian-width';

/** What stands above or below the character before it has no column of its own. */
const columnsOf = (character: string): number =>
  /\p{M}/u.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);

/** How many columns of a terminal a line takes. */
export const widthOf = (line: string): number =>
  [...line].reduce((sum, character) => sum + columnsOf(character), 0);

/** The line, or as much of its beginning as fits, with a mark of what is left out. */
export function cut(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let [kept, width] = ['', 1];
  for (const character of line) {
    width += columnsOf(character);
    if (width > columns) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : '';
}
