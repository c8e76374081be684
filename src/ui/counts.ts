/** "1 file", "2 files". */
export const count = (things: number, noun = 'file'): string =>
  things === 1 ? `1 ${noun}` : `${things} ${noun}s`;

export const was = (things: number): string => (things === 1 ? 'was' : 'were');
