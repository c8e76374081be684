import { clearLine, cursorTo, moveCursor } from 'node:readline';
import { Writable } from 'node:stream';

/** Keeps what is written; not a terminal. */
export class Pipe extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.text += chunk.toString();
    callback();
  }
}

/** A terminal, as wide as it needs to be if no width is given, which understands as much as the libraries write. */
export class Screen {
  readonly rows: string[] = [''];
  cursorShown = true;
  wrapping = true;
  /** All that was written, escape sequences included. */
  written = '';
  #row = 0;
  #column = 0;
  #waiting: { text: string; resolve: () => void }[] = [];

  constructor(private columns = Number.POSITIVE_INFINITY) {}

  /** Breaks what is too long into rows, as terminals do; the cursor stays behind what it was behind. */
  resize(columns: number): void {
    const rows: string[] = [];
    let cursor = { row: this.#row, column: this.#column };
    for (const [index, row] of this.rows.entries()) {
      const parts = row.match(new RegExp(`.{1,${columns}}`, 'gs')) ?? [''];
      rows.push(...parts);
      if (index !== this.#row) continue;
      const part = Math.min(Math.floor(this.#column / columns), parts.length - 1);
      cursor = { row: rows.length - parts.length + part, column: this.#column - part * columns };
    }
    this.columns = columns;
    this.rows.splice(0, this.rows.length, ...rows);
    [this.#row, this.#column] = [cursor.row, cursor.column];
  }

  /** The lines that a person sees, without the empty ones at the end. */
  get lines(): string[] {
    return this.rows.join('\n').trimEnd().split('\n');
  }

  /** Resolves as soon as the text can be seen. */
  shows(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ text, resolve });
      this.#wake();
    });
  }

  write(text: string): void {
    this.written += text;
    for (const [part] of text.matchAll(/\p{Cc}\[[?\d;]*[A-Za-z]|[\s\S]/gu)) this.#put(part);
    this.#wake();
  }

  #put(part: string): void {
    if (part === '\n') {
      this.#moveTo(this.#row + 1, 0);
    } else if (part === '\r') {
      this.#column = 0;
    } else if (part.length > 1 && part.startsWith('\x1b')) {
      this.#obey(part.slice(2, -1), part.at(-1));
    } else {
      if (this.#column >= this.columns) this.#atTheEdge();
      this.#edit(
        (line) =>
          line.slice(0, this.#column).padEnd(this.#column) + part + line.slice(this.#column + 1),
      );
      this.#column += 1;
    }
  }

  #atTheEdge(): void {
    if (this.wrapping) this.#moveTo(this.#row + 1, 0);
    else this.#column = this.columns - 1;
  }

  #obey(argument: string, command: string | undefined): void {
    const count = Number(argument || 1);
    if (command === 'A') this.#moveTo(this.#row - count, this.#column);
    else if (command === 'G') this.#moveTo(this.#row, count - 1);
    else if (command === 'K')
      this.#edit((line) => (argument === '2' ? '' : line.slice(0, this.#column)));
    else if (command === 'J') this.#clearBelow();
    else if (argument === '?25') this.cursorShown = command === 'h';
    else if (argument === '?7') this.wrapping = command === 'h';
    else if (argument !== '?2026')
      throw new Error(`the screen does not know ${argument}${command}`);
  }

  #moveTo(row: number, column: number): void {
    this.#row = Math.max(row, 0);
    this.#column = column;
    while (this.rows.length <= this.#row) this.rows.push('');
  }

  #edit(change: (line: string) => string): void {
    this.rows[this.#row] = change(this.rows[this.#row] ?? '');
  }

  #clearBelow(): void {
    this.#edit((line) => line.slice(0, this.#column));
    this.rows.length = this.#row + 1;
  }

  #wake(): void {
    const seen = this.lines.join('\n');
    this.#waiting = this.#waiting.filter(({ text, resolve }) => {
      if (seen.includes(text)) resolve();
      return !seen.includes(text);
    });
  }
}

/** A stream onto a screen. Several may share one, like stdout and stderr do. */
export class Terminal extends Writable {
  readonly isTTY = true;

  constructor(
    readonly screen: Screen,
    readonly rows = 24,
    public columns = 100,
  ) {
    super({ decodeStrings: false });
  }

  /** As when a person drags the corner of its window. */
  resize(columns: number): void {
    this.columns = columns;
    this.screen.resize(columns);
    this.emit('resize');
  }

  override _write(chunk: string | Buffer, _encoding: string, callback: () => void): void {
    this.screen.write(chunk.toString());
    callback();
  }

  cursorTo(x: number): boolean {
    return cursorTo(this, x);
  }

  moveCursor(dx: number, dy: number): boolean {
    return moveCursor(this, dx, dy);
  }

  clearLine(direction: -1 | 0 | 1): boolean {
    return clearLine(this, direction);
  }
}
