import type { DocumentWarning, DocumentWarningCode } from '../../contract/document-warnings.ts';
import { unifyIdeographs } from './cjk-radicals.ts';
import type { Block, BlockKind, ExtractionLimits } from './extracted-document.ts';
import { tooLarge } from './refusals.ts';

// Controls and invisible marks that would break search and highlighting; tab and line feed stay.
// oxlint-disable-next-line no-control-regex
const invisible = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u00AD\u200B\u2060\uFEFF]/gu;

export interface BlockPlace {
  level?: number | undefined;
  page?: number | undefined;
  section?: string | undefined;
}

/** Gathers blocks in reading order, cleans their text and keeps the document within its limit. */
export class BlockCollector {
  readonly blocks: Block[] = [];
  readonly warnings: DocumentWarning[] = [];
  readonly #maxCharacters: number;
  #characters = 0;

  constructor(limits: Pick<ExtractionLimits, 'maxCharacters'>) {
    this.#maxCharacters = limits.maxCharacters;
  }

  add(kind: BlockKind, rawText: string, place: BlockPlace = {}): void {
    const text = kind === 'code' ? cleanCode(rawText) : cleanText(rawText);
    if (text === '') return;
    this.#characters += text.length + 1;
    if (this.#characters > this.#maxCharacters) {
      throw tooLarge(`The document holds more than ${this.#maxCharacters} characters of text.`);
    }
    const block: Block = { kind, text };
    if (place.level !== undefined && kind === 'heading') block.level = Math.min(6, Math.max(1, place.level));
    if (place.page !== undefined) block.page = place.page;
    if (place.section !== undefined) block.section = place.section;
    this.blocks.push(block);
  }

  /** About something that was left out, with a sentence of its own; said once however often it happens. */
  warn(code: DocumentWarningCode, message: string, values: DocumentWarning['values'] = {}): void {
    if (this.warnings.some((warning) => warning.message === message)) return;
    this.warnings.push({ code, message, values });
  }

  firstHeading(): string | null {
    return this.blocks.find((block) => block.kind === 'heading')?.text.replaceAll('\n', ' ') ?? null;
  }
}

/** Visible text on one or more lines: no controls, no runs of blanks, no blank lines, no lone surrogates. */
export function cleanText(text: string): string {
  return visibleText(text)
    .replace(/[\t \u00A0\u2000-\u200A\u202F\u3000]+/gu, ' ')
    .replace(/ ?\n[ \n]*/gu, '\n')
    .trim();
}

function cleanCode(text: string): string {
  return visibleText(text)
    .replace(/(?<![ \t])[ \t]+$/gmu, '')
    .replace(/^\n+|(?<!\n)\n+$/gu, '');
}

function visibleText(text: string): string {
  return unifyIdeographs(text.toWellFormed())
    .replace(/\r\n?|\u2028|\u2029/gu, '\n')
    .replace(invisible, '');
}
