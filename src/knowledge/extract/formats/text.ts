import { joinAllLines, joinLines } from '../join-lines.ts';
import type { Parsed, TextContext } from '../parse-context.ts';

const sentenceEnd = /[。！？；：.!?;:…」』”"）)]$/u;
const newPart =
  /^(?:\s{2,}|\u3000|[-*•·●○▪]\s|\(?\d{1,3}[.)、．]|[（(][一二三四五六七八九十\d]+[）)]|第[零〇一二三四五六七八九十百千\d]+[条章节编款项]|[一二三四五六七八九十]+、)/u;
const narrowestWrap = 50;
const widestWrap = 120;
const longTail = 200;

/** Paragraphs between blank lines; lines that an editor wrapped at a fixed width are joined again. */
export async function parseText({ text, out }: TextContext): Promise<Parsed> {
  for (const group of text.replace(/\r\n?/gu, '\n').split(/\n(?:[ \t\u3000]*\n)+/u)) {
    for (const paragraph of paragraphsOf(group.split('\n'))) out.add('paragraph', paragraph);
  }
  return { title: null, pages: null };
}

function paragraphsOf(lines: readonly string[]): string[] {
  const widths = lines.map((line) => displayWidth(line.trimEnd()));
  const widest = widths.reduce((most, width) => Math.max(most, width), 0);
  const wrapped = widest >= narrowestWrap && widest <= widestWrap && lines.length > 1;
  const paragraphs: Paragraph[] = [];
  let current = new Paragraph('');
  lines.forEach((line, index) => {
    const before = lines[index - 1];
    const full = (widths[index - 1] ?? 0) >= widest * 0.8;
    if (before === undefined) current = new Paragraph(line);
    else if (
      wrapped &&
      full &&
      !newPart.test(line) &&
      !(sentenceEnd.test(before.trimEnd()) && !isFlush(line))
    ) {
      current.goOn(line);
    } else if (newPart.test(line) || current.isLong) {
      paragraphs.push(current);
      current = new Paragraph(line);
    } else current.breakLine(line);
  });
  paragraphs.push(current);
  return paragraphs.map((paragraph) => paragraph.text);
}

/** Put together once, since a log without blank lines is one paragraph of very many. */
class Paragraph {
  /** Lines of the paragraph, each with those that an editor wrapped it into. */
  readonly #lines: string[][];
  /** The end of the text. */
  #tail: string;

  constructor(line: string) {
    this.#lines = [[line]];
    this.#tail = line;
  }

  goOn(line: string): void {
    this.#lines.at(-1)?.push(line);
    this.#tail = joinLines(this.#tail, line).slice(-longTail);
  }

  breakLine(line: string): void {
    this.#lines.push([line]);
    this.#tail = `${this.#tail}\n${line}`.slice(-longTail);
  }

  /** It ends in a line that is a paragraph by itself; short ones (addresses, verses, settings) stay together. */
  get isLong(): boolean {
    return displayWidth(this.#tail.slice(-longTail)) >= 80;
  }

  get text(): string {
    return this.#lines.map(joinAllLines).join('\n');
  }
}

function isFlush(line: string): boolean {
  return !/^\s/u.test(line);
}

/** Columns on a terminal, where Chinese characters take two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += /[\u1100-\u115F\u2E80-\uFF60]/u.test(character) ? 2 : 1;
  return width;
}
