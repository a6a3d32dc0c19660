import { displayWidth, padToWidth } from './display-width.ts';
import { type Column, formatTable } from './table.ts';

export interface OutputStream {
  write(text: string): boolean;
  isTTY?: boolean;
  columns?: number;
}

/** Results go to stdout, everything else to stderr. Colours only where a person watches. */
export class Terminal {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly isJson: boolean;
  readonly #hasColour: boolean;

  constructor(options: {
    stdout: OutputStream;
    stderr: OutputStream;
    isJson: boolean;
    environment: NodeJS.ProcessEnv;
  }) {
    this.stdout = options.stdout;
    this.stderr = options.stderr;
    this.isJson = options.isJson;
    const { NO_COLOR: noColour, TERM: terminal } = options.environment;
    this.#hasColour =
      this.stdout.isTTY === true && (noColour === undefined || noColour === '') && terminal !== 'dumb';
  }

  /** Whether progress may be drawn and redrawn. */
  get isWatched(): boolean {
    return this.stderr.isTTY === true;
  }

  /** The result as JSON, or in words. */
  result(value: unknown, words: () => string): void {
    this.stdout.write(this.isJson ? `${JSON.stringify(value, null, 2)}\n` : words());
  }

  /** One line of a result that has no end, such as a log. */
  resultLine(value: unknown, words: () => string): void {
    this.stdout.write(`${this.isJson ? JSON.stringify(value) : words()}\n`);
  }

  note(text: string): void {
    this.stderr.write(`${text}\n`);
  }

  table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
    const width = this.stdout.isTTY === true ? (this.stdout.columns ?? 80) : null;
    return formatTable(columns, rows, { columns: width, styleTitle: (title) => this.bold(title) });
  }

  /** Named values, one a line; those without a value are left out. */
  facts(rows: readonly (readonly [string, string])[]): string {
    const shown = rows.filter(([, value]) => value !== '');
    const width = Math.max(0, ...shown.map(([name]) => displayWidth(name)));
    return shown.map(([name, value]) => `${this.dim(padToWidth(name, width))}  ${value}\n`).join('');
  }

  bold(text: string): string {
    return this.#style(text, 1, 22);
  }

  dim(text: string): string {
    return this.#style(text, 2, 22);
  }

  green(text: string): string {
    return this.#style(text, 32, 39);
  }

  red(text: string): string {
    return this.#style(text, 31, 39);
  }

  #style(text: string, on: number, off: number): string {
    return this.#hasColour ? `\u001B[${on}m${text}\u001B[${off}m` : text;
  }
}
