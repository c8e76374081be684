/** What takes two columns: the scripts of East Asia, their full-width forms, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** What stands above or below the character before it. */
const MARK = /\p{M}/u;

const columnsOf = (character: string): number => {
  if (MARK.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
};

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
