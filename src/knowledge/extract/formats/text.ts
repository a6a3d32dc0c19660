import { joinLines } from '../join-lines.ts';
import type { Parsed, TextContext } from '../parse-context.ts';

const sentenceEnd = /[。！？；：.!?;:…」』”"）)]$/u;
const newPart =
  /^(?:\s{2,}|\u3000|[-*•·●○▪]\s|\(?\d{1,3}[.)、．]|[（(][一二三四五六七八九十\d]+[）)]|第[零〇一二三四五六七八九十百千\d]+[条章节编款项]|[一二三四五六七八九十]+、)/u;
const narrowestWrap = 50;
const widestWrap = 120;

/** Paragraphs between blank lines; lines that an editor wrapped at a fixed width are joined again. */
export async function parseText({ text, out }: TextContext): Promise<Parsed> {
  for (const group of text.replace(/\r\n?/gu, '\n').split(/\n(?:[ \t\u3000]*\n)+/u)) {
    for (const paragraph of paragraphsOf(group.split('\n'))) out.add('paragraph', paragraph);
  }
  return { title: null, pages: null };
}

function paragraphsOf(lines: readonly string[]): string[] {
  const widths = lines.map((line) => displayWidth(line.trimEnd()));
  const widest = Math.max(0, ...widths);
  const wrapped = widest >= narrowestWrap && widest <= widestWrap && lines.length > 1;
  const paragraphs: string[] = [];
  let current = '';
  lines.forEach((line, index) => {
    const before = lines[index - 1];
    const full = (widths[index - 1] ?? 0) >= widest * 0.8;
    if (before === undefined) current = line;
    else if (
      wrapped &&
      full &&
      !newPart.test(line) &&
      !(sentenceEnd.test(before.trimEnd()) && !isFlush(line))
    ) {
      current = joinLines(current, line);
    } else if (newPart.test(line) || isLong(current)) {
      paragraphs.push(current);
      current = line;
    } else current += `\n${line}`;
  });
  paragraphs.push(current);
  return paragraphs;
}

function isFlush(line: string): boolean {
  return !/^\s/u.test(line);
}

/** A line that is a paragraph by itself; short ones (addresses, verses, settings) stay together. */
function isLong(text: string): boolean {
  return displayWidth(text.slice(-200)) >= 80;
}

/** Columns on a terminal, where Chinese characters take two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += /[\u1100-\u115F\u2E80-\uFF60]/u.test(character) ? 2 : 1;
  return width;
}
