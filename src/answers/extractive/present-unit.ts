// How a chosen unit reads in the answer: its own words, a short lead that names the provision, and nothing else.

import type { ExtractedSentence, Passage } from '../ports.ts';
import type { Replacement } from './editions.ts';
import type { IndexedPassage, IndexedUnit } from './evidence.ts';
import type { Language } from './question.ts';
import type { Selected } from './select-units.ts';
import { BARE_MARK } from './split-passage.ts';

/** A list up to this length is quoted whole; of a longer one the introduction and the items that matter. */
const WHOLE_LIST_CHARS = 420;
/** What an anaphoric start refers to is put before it when it is no longer than this. */
const MAX_ANTECEDENT_CHARS = 160;
/** A heading up to this length names its chapter in a lead. */
const MAX_HEADING_CHARS = 24;

const ANAPHORIC =
  /^(?:前[一两二三]?款|前项|上述|上款|[该該]|其(?!他)|此(?!外)|这|本款|(?:This|That|These|Those|It|They|Such|He|She)\b)/u;
/** Speaks of the list before it. */
const CLOSING =
  /^(?:上述|以上|前[款述项]|有?前[一两二三]?款)|^(?:in (?:all|any of) (?:these|the above)|the above)\b/iu;
/** How an item of a written-out list ends. */
const ENDED = /[。；;.：:]$/u;
const LEADING_CONNECTIVE =
  /^(?:此外|另外|同时|但是|因此|所以|However|Therefore|In addition|Moreover)[,，]\s*/u;

/** The answer's sentences in reading order: what comes from one passage stands together, with one lead. */
export function presentUnits(
  chosen: readonly Selected[],
  passages: readonly IndexedPassage[],
  language: Language,
): ExtractedSentence[] {
  const pieces = chosen.map((selected) => ({ selected, antecedent: antecedentOf(selected.unit, passages) }));
  const brought = new Set(
    pieces.map(({ antecedent }) => antecedent).filter((unit) => unit?.kind === 'sentence'),
  );
  const shown = pieces.filter(({ selected }) => !brought.has(selected.unit));
  const whole = new Set(shown.map(({ selected }) => selected.unit));
  const groups = Map.groupBy(shown, ({ selected }) => selected.unit.passage);
  return [...groups.values()].flatMap((group) =>
    group.map(({ selected, antecedent }, at) => {
      const before = antecedent === null || whole.has(antecedent) ? '' : headOf(antecedent);
      const closing = closingOf(selected.unit, passages);
      const after = closing === null || whole.has(closing) ? '' : `\n${closing.text}`;
      const body = selected.unit.kind === 'list' ? `${listText(selected)}${after}` : sentenceText(selected);
      const text = tidy(before === '' ? body : `${before}${joint(before)}${body}`);
      return {
        text: `${at === 0 ? lead(selected, language) : ''}${text}`,
        citations: selected.citations.toSorted((left, right) => left - right),
      };
    }),
  );
}

/** A question for a ruling is answered by the sentence that rules, not by what its paragraph says before. */
function sentenceText({ unit, segment, expects }: Selected): string {
  if (expects.kind !== 'yes-no' || unit.kind !== 'sentence' || segment === 0) return unit.text;
  const before = unit.segments.slice(0, segment).map(({ text }) => text);
  const from = before.findLastIndex((text) => /[。！？]$/u.test(text)) + 1;
  const rest = unit.segments.slice(from).map(({ text }) => text);
  return from === 0 || ANAPHORIC.test(rest[0] as string) ? unit.text : rest.join('');
}

/** What a list's last paragraph says of all its items. */
function closingOf(unit: IndexedUnit, passages: readonly IndexedPassage[]): IndexedUnit | null {
  if (unit.kind !== 'list' || unit.head === '') return null;
  const passage = passages.find((candidate) => candidate.passage === unit.passage);
  const next = passage?.units[unit.ordinal + 1];
  if (next?.kind !== 'sentence' || next.text.length > MAX_ANTECEDENT_CHARS) return null;
  return CLOSING.test(next.text) ? next : null;
}

function listText({ unit, segment, expects }: Selected): string {
  // Items that nothing introduces are rules of their own, unless they are the steps that were asked for.
  const oneWillDo = unit.head === '' && expects.kind !== 'procedure' && expects.kind !== 'open';
  if (!oneWillDo && unit.text.length <= WHOLE_LIST_CHARS) return wholeList(unit);
  const firstItem = unit.head === '' ? 0 : 1;
  const matched = segment - firstItem;
  if (matched < 0) return unit.text;
  const item = unit.items[matched] as string;
  if (unit.head === '') return item.replace(BARE_MARK, '');
  const before = matched > 0 ? '……\n' : '';
  const after = matched < unit.items.length - 1 ? '\n……' : '';
  return `${unit.head}\n${before}${item}${after}`.trim();
}

/** A last item that the end of the passage cuts off in mid-sentence is left out, and the cut is shown. */
function wholeList({ head, items, text }: IndexedUnit): string {
  const cut = items.length > 1 && ENDED.test(items[0] as string) && !ENDED.test(items.at(-1) as string);
  return cut ? [head, ...items.slice(0, -1), '……'].join('\n').trim() : text;
}

/** The unit that 前款, 该 or "it" points at, when it is short enough to come along. */
function antecedentOf(unit: IndexedUnit, passages: readonly IndexedPassage[]): IndexedUnit | null {
  if (!ANAPHORIC.test(unit.text)) return null;
  const passage = passages.find((candidate) => candidate.passage === unit.passage);
  const previous = passage?.units[unit.ordinal - 1];
  if (previous === undefined || headOf(previous) === '') return null;
  return headOf(previous).length <= MAX_ANTECEDENT_CHARS ? previous : null;
}

function headOf(unit: IndexedUnit): string {
  return unit.kind === 'list' ? unit.head : unit.text;
}

function joint(antecedent: string): string {
  return /[a-z.!?]$/i.test(antecedent) ? ' ' : '';
}

function tidy(text: string): string {
  return text.replace(LEADING_CONNECTIVE, '').trim();
}

/** `《劳动法》第四十四条：`; with the date where documents disagree. Empty for text that is not numbered. */
function lead({ unit, disputed, replacement }: Selected, language: Language): string {
  const { headingPath } = unit.passage.chunk;
  const article = provisionOf(unit.passage);
  const title = documentTitle(unit.passage.filename, headingPath);
  const date = /\d{4}-\d{2}-\d{2}|(?<!\d)(?:19|20)\d{2}(?:-\d{2})?(?!\d)/.exec(unit.passage.filename)?.[0];
  if (article === null && !disputed && replacement === null) return '';
  const dated = (disputed || replacement !== null) && date !== undefined && !title.includes(date);
  const notes = [dated ? date : '', replacement === null ? '' : olderNote(replacement, language)].filter(
    (note) => note !== '',
  );
  if (language === 'en') {
    return `${title}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}${article === null ? '' : `, ${article}`}: `;
  }
  return `《${title}》${notes.length > 0 ? `（${notes.join('，')}）` : ''}${article ?? ''}：`;
}

/** `第三条`; a numbered chapter with its heading, since 三 alone tells nobody anything. */
function provisionOf({ chunk: { article, headingPath } }: Passage): string | null {
  if (article === null || article.startsWith('第')) return article;
  const heading = headingPath.findLast((entry) => entry.startsWith(article));
  return heading === undefined || heading.length > MAX_HEADING_CHARS ? article : heading;
}

function olderNote({ edition, upcoming }: Replacement, language: Language): string {
  if (upcoming !== undefined) {
    const from = language === 'en' ? `, from ${upcoming}` : `，自${upcoming}起施行`;
    return `${language === 'en' ? 'not in force yet' : '尚未生效'}${upcoming === null ? '' : from}`;
  }
  if (language === 'en') return edition === null ? 'no longer in force' : `older, replaced by ${edition}`;
  return edition === null ? '已不再适用' : `较旧，已有${edition}版`;
}

/** The file name as a person would say it: without extension and date; an edition (2026版) stays. */
export function documentTitle(filename: string, headingPath: readonly string[]): string {
  const name = filename
    .replace(/\.[a-z0-9]{1,5}$/i, '')
    .replace(/[（(]\d{4}[-.]\d{1,2}[^)）]*[)）]/gu, '')
    .replace(/[《》]/gu, '')
    .trim();
  return name === '' ? (headingPath[0] ?? filename) : name;
}
