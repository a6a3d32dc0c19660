/** Reads the structure of a document: headings, articles, numbered sections and list items, with their offsets. */
import type { Block, ExtractedDocument } from '../extract/extracted-document.ts';

export type UnitKind = 'text' | 'list-item' | 'table-row' | 'code';

/** One line or block of text with its place in the full text. */
export interface Unit {
  kind: UnitKind;
  text: string;
  start: number;
  end: number;
  page: number | null;
}

/** What stands under one heading or in one article. */
export interface Section {
  headingPath: string[];
  article: string | null;
  units: Unit[];
}

interface Heading {
  rank: number;
  text: string;
  article: string | null;
  unit: Unit;
}

const NUMERALS = '零〇一二三四五六七八九十百千\\d';
const ARTICLE = new RegExp(`^(第[${NUMERALS}]+条(?:之[${NUMERALS}]+)?)(?=[\\s:：、【（(]|$)`);
const CHAPTER = new RegExp(`^第[${NUMERALS}]+([编篇部章节])(?=[\\s:：、]|$)`);
const NUMBERED = /^(\d{1,3}(?:\.\d{1,3})+)\.?(?=[\s、:：\p{Script=Han}])/u;
const CHINESE_NUMBERED = /^([一二三四五六七八九十]{1,3})[、．.]/;
const LIST_ITEM =
  /^(?:[（(](?:[一二三四五六七八九十]{1,3}|\d{1,3}|[a-z])[)）]|\d{1,3}[.、)）](?!\d)|[①-⑳]|[-*•·●○▪◆]\s)/;
const SENTENCE_END = /[。；;，,：:.!?！？]$/;

const IMPLICIT_RANK = { part: 7, chapter: 8, division: 9, chineseNumbered: 10, numbered: 11 };
const MAX_IMPLICIT_HEADING_CHARACTERS = 40;

/** Sections in reading order; every unit of the document is in exactly one, headings without text of their own too. */
export function outline(document: ExtractedDocument): Section[] {
  const reader = new OutlineReader(document);
  let offset = 0;
  for (const block of document.blocks) {
    reader.read(block, offset);
    offset += block.text.length + 1;
  }
  return reader.finish();
}

class OutlineReader {
  readonly #document: ExtractedDocument;
  readonly #sections: Section[] = [];
  #headings: Heading[] = [];
  #current: Section | null = null;
  /** Headings that nothing has followed yet. */
  #pending: Heading[] = [];
  #sheet: string | null = null;
  #page: number | null = null;

  constructor(document: ExtractedDocument) {
    this.#document = document;
  }

  read(block: Block, offset: number): void {
    this.#followPlace(block);
    const multiline = block.kind !== 'code' && block.kind !== 'heading';
    for (const unit of multiline ? lines(block, offset) : [wholeBlock(block, offset)]) {
      if (unit === null) continue;
      const heading = block.kind === 'heading' ? explicitHeading(block, unit) : this.#implicitHeading(unit);
      if (heading !== null) this.#openHeading(heading);
      else this.#addUnit(unit);
    }
  }

  finish(): Section[] {
    this.#flushPending(0);
    return this.#sections;
  }

  #implicitHeading(unit: Unit): Heading | null {
    const insideArticle = this.#current?.article?.startsWith('第') === true;
    return insideArticle && !CHAPTER.test(unit.text) ? null : implicitHeading(unit);
  }

  #followPlace(block: Block): void {
    const sheet = block.section ?? null;
    const page = block.page ?? null;
    const slideChanged = this.#document.format === 'pptx' && page !== this.#page;
    if (sheet !== this.#sheet || slideChanged) {
      this.#flushPending(0);
      this.#headings = [];
      this.#current = null;
    }
    this.#sheet = sheet;
    this.#page = page;
  }

  #openHeading(heading: Heading): void {
    this.#flushPending(heading.rank);
    while ((this.#headings.at(-1)?.rank ?? 0) >= heading.rank) this.#headings.pop();
    this.#headings.push(heading);
    this.#pending.push(heading);
    this.#current = null;
  }

  /** A heading that the next one does not sit under has no text: it becomes a section of its own. */
  #flushPending(nextRank: number): void {
    const last = this.#pending.at(-1);
    if (last === undefined || last.rank < nextRank) return;
    this.#sections.push({
      headingPath: this.#path(),
      article: last.article,
      units: this.#pending.map((heading) => heading.unit),
    });
    this.#pending = [];
  }

  #addUnit(unit: Unit): void {
    // Inside 第三条 a line that begins with 一、 or 3.2 is a part of the article.
    const insideArticle = this.#current?.article?.startsWith('第') === true;
    const article = insideArticle ? (ARTICLE.exec(unit.text)?.[1] ?? null) : sectionNumber(unit);
    if (this.#current === null || article !== null) {
      const inherited = this.#headings.at(-1)?.article ?? null;
      this.#current = { headingPath: this.#path(), article: article ?? inherited, units: [] };
      this.#sections.push(this.#current);
    }
    this.#pending = [];
    this.#current.units.push(unit);
  }

  #path(): string[] {
    const names = [this.#document.title, this.#sheet, ...this.#headings.map((heading) => heading.text)];
    const path: string[] = [];
    for (const name of names)
      if (name !== null && name.trim() !== '' && !path.includes(name.trim())) path.push(name.trim());
    return path;
  }
}

function lines(block: Block, offset: number): Unit[] {
  const units: Unit[] = [];
  let start = 0;
  for (const line of block.text.split('\n')) {
    const unit = trimmed(line, offset + start, block, kindOf(block, line));
    if (unit !== null) units.push(unit);
    start += line.length + 1;
  }
  // Only the first line of a list item or a table row carries its marker.
  return block.kind === 'list-item' || block.kind === 'table-row' ? joined(units, block, offset) : units;
}

function joined(units: Unit[], block: Block, offset: number): Unit[] {
  const first = units[0];
  const last = units.at(-1);
  if (first === undefined || last === undefined) return [];
  return [{ ...first, end: last.end, text: block.text.slice(first.start - offset, last.end - offset) }];
}

function wholeBlock(block: Block, offset: number): Unit | null {
  return trimmed(block.text, offset, block, block.kind === 'code' ? 'code' : 'text');
}

function kindOf(block: Block, line: string): UnitKind {
  if (block.kind === 'list-item' || block.kind === 'table-row') return block.kind;
  return LIST_ITEM.test(line.trimStart()) ? 'list-item' : 'text';
}

function trimmed(text: string, offset: number, block: Block, kind: UnitKind): Unit | null {
  const content = text.trim();
  if (content === '') return null;
  const start = offset + text.indexOf(content);
  return { kind, text: content, start, end: start + content.length, page: block.page ?? null };
}

function explicitHeading(block: Block, unit: Unit): Heading {
  const text = unit.text.replaceAll(/\s+/g, ' ');
  return { rank: block.level ?? 1, text, article: sectionNumber(unit), unit };
}

/** Plain text and PDF mark no headings; short numbered lines that end in no sentence are taken for them. */
function implicitHeading(unit: Unit): Heading | null {
  if (unit.kind !== 'text' || unit.text.length > MAX_IMPLICIT_HEADING_CHARACTERS) return null;
  const heading = (rank: number, article: string | null): Heading => ({
    rank,
    text: unit.text,
    article,
    unit,
  });
  const chapter = CHAPTER.exec(unit.text);
  if (chapter !== null) {
    const kind = chapter[1] as string;
    const rank =
      kind === '章' ? IMPLICIT_RANK.chapter : kind === '节' ? IMPLICIT_RANK.division : IMPLICIT_RANK.part;
    return heading(rank, null);
  }
  if (SENTENCE_END.test(unit.text)) return null;
  const numbered = NUMBERED.exec(unit.text);
  if (numbered !== null) {
    const number = numbered[1] as string;
    return heading(IMPLICIT_RANK.numbered + number.split('.').length, number);
  }
  const chinese = CHINESE_NUMBERED.exec(unit.text);
  return chinese === null ? null : heading(IMPLICIT_RANK.chineseNumbered, null);
}

function sectionNumber(unit: Unit): string | null {
  if (unit.kind !== 'text') return null;
  return (
    (ARTICLE.exec(unit.text) ?? NUMBERED.exec(unit.text) ?? CHINESE_NUMBERED.exec(unit.text))?.[1] ?? null
  );
}
