import type { BlockCollector } from '../block-collector.ts';
import { joinAllLines } from '../join-lines.ts';
import type { Parsed, TextContext } from '../parse-context.ts';
import { tableRowTexts } from '../table-rows.ts';
import { markdownInline } from './markdown-inline.ts';

const heading = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/u;
// Looks behind, so that a long run of blanks is tried once and not from each of its places.
const closingMarks = /(?:^|(?<![ \t])[ \t]+)#+$/u;
const underline = /^ {0,3}(=+|-+)[ \t]*$/u;
const rule = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/u;
const fence = /^\s*(`{3,}|~{3,})/u;
const item = /^(\s*)([-*+]|\d{1,9}[.)])(?:[ \t]+(.*)|$)/u;
const tableDivider = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/u;

/** Block structure of CommonMark with GFM tables, as far as search and citation need it. */
export async function parseMarkdown({ text, out }: TextContext): Promise<Parsed> {
  const source = withoutComments(text.replace(/\r\n?/gu, '\n'));
  const { title, body } = frontMatter(source);
  new MarkdownReader(body.split('\n'), out).read();
  return { title, pages: null };
}

class MarkdownReader {
  readonly #lines: string[];
  readonly #out: BlockCollector;
  #index = 0;
  #paragraph: string[] = [];
  #item: string | null = null;

  constructor(lines: string[], out: BlockCollector) {
    this.#lines = lines;
    this.#out = out;
  }

  read(): void {
    while (this.#index < this.#lines.length) this.#readLine();
    this.#flush();
  }

  #readLine(): void {
    const line = unquoted(this.#lines[this.#index] ?? '');
    const headingMatch = heading.exec(line);
    const itemMatch = item.exec(line);
    if (line.trim() === '') {
      this.#flush();
      this.#index++;
    } else if (fence.test(line)) this.#readFence(line);
    else if (headingMatch !== null)
      this.#addHeading(headingMatch[1]?.length ?? 1, withoutClosingMarks(headingMatch[2] ?? ''));
    else if (this.#isUnderline(line)) this.#closeSetextHeading(line.trim());
    else if (rule.test(line)) {
      this.#flush();
      this.#index++;
    } else if (itemMatch !== null && this.#mayStartItem(itemMatch[2] ?? '')) this.#openItem(itemMatch);
    else if (this.#startsTable(line)) this.#readTable();
    else {
      this.#paragraph.push(line);
      this.#index++;
    }
  }

  #addHeading(level: number, text: string): void {
    this.#flush();
    this.#out.add('heading', markdownInline(text), { level });
    this.#index++;
  }

  #isUnderline(line: string): boolean {
    return this.#paragraph.length > 0 && this.#item === null && underline.test(line);
  }

  #closeSetextHeading(mark: string): void {
    const text = joinParagraph(this.#paragraph);
    this.#paragraph = [];
    this.#out.add('heading', markdownInline(text), { level: mark.startsWith('=') ? 1 : 2 });
    this.#index++;
  }

  #readFence(line: string): void {
    this.#flush();
    const mark = fence.exec(line)?.[1] ?? '```';
    const closing = new RegExp(`^\\s*${mark[0]}{${mark.length},}\\s*$`, 'u');
    const code: string[] = [];
    for (this.#index++; this.#index < this.#lines.length; this.#index++) {
      const inner = unquoted(this.#lines[this.#index] ?? '');
      if (closing.test(inner)) break;
      code.push(inner);
    }
    this.#index++;
    this.#out.add('code', code.join('\n'));
  }

  /** In the middle of a paragraph only a bullet or number one begins a list: a line may well start with `1998. `. */
  #mayStartItem(marker: string): boolean {
    if (this.#paragraph.length === 0 || this.#item !== null) return true;
    return /^[-*+]$/u.test(marker) || /^1[.)]$/u.test(marker);
  }

  #openItem(match: RegExpExecArray): void {
    this.#flush();
    const marker = match[2] ?? '-';
    // The number of a step carries meaning, a bullet does not.
    this.#item = /^\d/u.test(marker) ? `${marker} ` : '';
    const content = (match[3] ?? '').replace(/^\[[ xX]\][ \t]+/u, '');
    if (content !== '') this.#paragraph.push(content);
    this.#index++;
  }

  #startsTable(line: string): boolean {
    const next = this.#lines[this.#index + 1];
    if (next === undefined || !line.includes('|')) return false;
    const divider = unquoted(next);
    return (
      divider.includes('-') && tableDivider.test(divider) && cellsOf(divider).length === cellsOf(line).length
    );
  }

  #readTable(): void {
    this.#flush();
    const rows = [{ cells: tableCells(this.#lines[this.#index] ?? ''), head: true }];
    for (this.#index += 2; this.#index < this.#lines.length; this.#index++) {
      const line = unquoted(this.#lines[this.#index] ?? '');
      if (line.trim() === '' || !line.includes('|')) break;
      rows.push({ cells: tableCells(line), head: false });
    }
    for (const row of tableRowTexts(rows)) this.#out.add('table-row', row);
  }

  #flush(): void {
    const text = joinParagraph(this.#paragraph);
    const indented = this.#item === null && this.#paragraph.every((line) => /^(?: {4}|\t)/u.test(line));
    if (text !== '') {
      if (this.#item !== null) this.#out.add('list-item', this.#item + markdownInline(text));
      else if (indented) this.#out.add('code', this.#paragraph.map((line) => line.trimEnd()).join('\n'));
      else this.#out.add('paragraph', markdownInline(text));
    }
    this.#paragraph = [];
    this.#item = null;
  }
}

/** Soft line ends vanish, hard ones (two blanks or a backslash) stay. */
function joinParagraph(lines: readonly string[]): string {
  const ended: string[][] = [[]];
  for (const line of lines) {
    ended.at(-1)?.push(line.trim().replace(/\\$/u, ''));
    if (/(?: {2}|\\)$/u.test(line)) ended.push([]);
  }
  if (ended.at(-1)?.length === 0) ended.pop();
  return ended.map(joinAllLines).join('\n');
}

function tableCells(line: string): { text: string }[] {
  return cellsOf(unquoted(line)).map((cell) => ({ text: markdownInline(cell) }));
}

function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/u, '')
    .replace(/(?<!\\)\|$/u, '');
  return inner.split(/(?<!\\)\|/u).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function unquoted(line: string): string {
  return line.replace(/^(?: {0,3}>[ \t]?)+/u, '');
}

function withoutClosingMarks(text: string): string {
  return text.trimEnd().replace(closingMarks, '');
}

/** Comments are for authors, except in code, where they are the subject. */
function withoutComments(text: string): string {
  return text.replace(
    /(^ {0,3}(`{3}|~{3})[\s\S]*?^ {0,3}\2)|<!--(?:(?!<!--)[\s\S])*?-->/gmu,
    (_, code?: string) => code ?? '',
  );
}

function frontMatter(text: string): { title: string | null; body: string } {
  const match = /^---[ \t]*\n([\s\S]*?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)/u.exec(text);
  if (match === null || !/^[\w-]+\s*:/mu.test(match[1] ?? '')) return { title: null, body: text };
  const title = /^title\s*:\s*(.+)$/mu.exec(match[1] ?? '')?.[1]?.trim() ?? '';
  const bare = title.replace(/^(["'])(.*)\1$/u, '$2');
  return { title: bare === '' ? null : bare, body: text.slice(match[0].length) };
}
