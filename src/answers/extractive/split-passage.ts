// Cuts a passage into the pieces that an answer may quote: a sentence, a list with the sentence that introduces it, or a table row.

import type { Passage } from '../ports.ts';
import { splitSentences } from './split-sentences.ts';

export interface Unit {
  passage: Passage;
  kind: 'sentence' | 'list' | 'row';
  /** What introduces a list; the sentence or row itself otherwise. Empty for a list without an introduction. */
  head: string;
  /** Items of a list, each with its mark; empty otherwise. */
  items: string[];
  /** Position in the passage, counted from 0. */
  ordinal: number;
  /** Units of one paragraph share it. */
  paragraph: number;
}

const LIST_MARK =
  /^(?:[（(][一二三四五六七八九十百\d]{1,4}[)）]|\d{1,2}(?:[、)）]|\.(?!\d))|[一二三四五六七八九十]{1,3}、|[①-⑳]|[-*•·–—●○▪]\s|[（(]?[a-zA-Z][.)）]\s)\s*/u;
/** A mark that says nothing once its item stands alone. */
export const BARE_MARK = /^(?:[-*•·–—●○▪]|\d{1,2}[.、)）])\s*/u;
const INTRODUCTION = /[:：]["”]?$|下列(?:情形|条件|行为|材料|事项|规定|标准|内容)[^。]{0,20}[,，:：]?$/u;
const TERMINAL = /[。！？；;!?:：.…”"」』）)]$/u;
const ROW = /^[^。；;]{1,40}?[:：]\s?\S.*[；;]\s?[^。；;]{1,40}?[:：]/u;

/** Lines are joined only in text that ends its sentences with a stop; slides and plain lists do not. */
const MIN_PUNCTUATED_SHARE = 0.4;
/** A line that stops at a comma or at a word which never ends a sentence. */
const UNFINISHED =
  /[,，、]$|(?:按照|根据|依照|以及|或者|并且|不得|应当|[的和与或及由在对为并将向从把被])$|\b(?:a|an|the|of|to|and|or|in|on|for|with|by|at|from)$/u;
/** English lines are broken no earlier than this. */
const MIN_BROKEN_CHARS = 40;
/** Ends an item that another one follows. */
const LINKED = /[；;]$/u;
const MAX_UNMARKED_ITEMS = 15;
const MAX_UNMARKED_ITEM_CHARS = 200;

/** Paragraphs up to this length are quoted whole: in statutes and manuals their sentences qualify one another. */
const WHOLE_PARAGRAPH_CHARS = 130;

export function unitText(unit: Unit): string {
  if (unit.kind !== 'list') return unit.head;
  return unit.head === '' ? unit.items.join('\n') : `${unit.head}\n${unit.items.join('\n')}`;
}

export function splitPassage(passage: Passage): Unit[] {
  const units: Unit[] = [];
  const { lines, punctuated } = passageLines(passage);
  let paragraph = 0;
  for (let at = 0; at < lines.length; paragraph += 1) {
    const line = lines[at] as string;
    at += 1;
    if (isRow(line)) {
      units.push({ passage, kind: 'row', head: line, items: [], ordinal: units.length, paragraph });
      continue;
    }
    const bullets = punctuated ? [] : slideBullets(lines, at - 1);
    if (bullets.length > 1) {
      at += bullets.length - 1;
      units.push({ passage, kind: 'list', head: '', items: bullets, ordinal: units.length, paragraph });
      continue;
    }
    const startsWithItem = LIST_MARK.test(line);
    const items = startsWithItem ? [line] : [];
    if (startsWithItem || INTRODUCTION.test(line)) {
      while (at < lines.length && LIST_MARK.test(lines[at] as string)) items.push(lines[at++] as string);
      if (items.length === 0) {
        const unmarked = unmarkedItems(lines, at);
        items.push(...unmarked);
        at += unmarked.length;
      }
    }
    const prose = startsWithItem ? [] : proseUnits(line, items.length > 0);
    const head = items.length > 0 ? (prose.pop() ?? '') : '';
    for (const text of prose) {
      units.push({ passage, kind: 'sentence', head: text, items: [], ordinal: units.length, paragraph });
    }
    if (items.length === 1 && head === '') {
      const text = (items[0] as string).replace(BARE_MARK, '');
      units.push({ passage, kind: 'sentence', head: text, items: [], ordinal: units.length, paragraph });
    } else if (items.length > 0) {
      units.push({ passage, kind: 'list', head, items, ordinal: units.length, paragraph });
    }
  }
  return units;
}

/** Lines of a slide, which end without a stop and belong together. */
function slideBullets(lines: readonly string[], from: number): string[] {
  const bullets: string[] = [];
  for (const line of lines.slice(from, from + MAX_UNMARKED_ITEMS)) {
    if (LIST_MARK.test(line) || isRow(line) || TERMINAL.test(line)) break;
    bullets.push(line);
  }
  return bullets;
}

/** Items whose marks were lost with the layout: after an introduction, lines that a semicolon links, or bare ones. */
function unmarkedItems(lines: readonly string[], from: number): string[] {
  const items: string[] = [];
  for (const line of lines.slice(from, from + MAX_UNMARKED_ITEMS)) {
    if (LIST_MARK.test(line) || isRow(line) || line.length > MAX_UNMARKED_ITEM_CHARS) break;
    const previous = items.at(-1);
    if (previous !== undefined && !LINKED.test(previous) && TERMINAL.test(previous)) break;
    if (previous !== undefined && LINKED.test(previous) !== LINKED.test(line) && !/[。.]$/u.test(line)) break;
    items.push(line);
  }
  return items.length > 1 ? items : [];
}

function proseUnits(line: string, introducesList: boolean): string[] {
  const sentences = splitSentences(line);
  if (introducesList || line.length > WHOLE_PARAGRAPH_CHARS) return sentences;
  return [line];
}

function isRow(line: string): boolean {
  return !LIST_MARK.test(line) && ROW.test(line);
}

/** The passage's lines without headings and article number, broken lines joined again. */
function passageLines(passage: Passage): { lines: string[]; punctuated: boolean } {
  const headings = new Set(passage.chunk.headingPath.map((heading) => heading.trim()));
  const lines: string[] = [];
  const raws = passage.chunk.text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const punctuated =
    raws.filter((line) => TERMINAL.test(line.trim())).length >= raws.length * MIN_PUNCTUATED_SHARE;
  for (const raw of raws) {
    let line = raw.replace(/[\s\u3000]+/g, ' ').trim();
    if (/^#{1,6}\s/.test(line) || headings.has(line)) continue;
    if (lines.length === 0) line = withoutArticle(line, passage.chunk.article);
    if (line === '') continue;
    const previous = lines.at(-1);
    if (previous !== undefined && punctuated && continues(previous, line))
      lines[lines.length - 1] = join(previous, line);
    else lines.push(line);
  }
  return { lines, punctuated };
}

function withoutArticle(line: string, article: string | null): string {
  if (article !== null && line.startsWith(article))
    return line.slice(article.length).replace(/^[\s:：.、]+/, '');
  return line.replace(/^第[零〇一二三四五六七八九十百千]+条\s+/, '');
}

/** A line that stops in mid-sentence goes on in the next one. */
function continues(previous: string, line: string): boolean {
  if (TERMINAL.test(previous) || LIST_MARK.test(line) || isRow(previous) || isRow(line)) return false;
  if (UNFINISHED.test(previous) || /^[％%,，。；、）)]/u.test(line)) return true;
  return /[a-z]$/.test(previous) && previous.length >= MIN_BROKEN_CHARS && /^[a-z]/.test(line);
}

function join(previous: string, line: string): string {
  return /[a-z\d,;]$/i.test(previous) && /^[a-z\d]/i.test(line) ? `${previous} ${line}` : previous + line;
}
