// How a chosen unit reads in the answer: its own words, a short lead that names the provision, and nothing else.

import type { IndexedPassage, IndexedUnit } from './evidence.ts';
import type { Language } from './question.ts';
import type { Selected } from './select-units.ts';

/** A list up to this length is quoted whole; of a longer one the introduction and the items that matter. */
const WHOLE_LIST_CHARS = 420;
/** What an anaphoric start refers to is put before it when it is no longer than this. */
const MAX_ANTECEDENT_CHARS = 160;

const ANAPHORIC =
  /^(?:前[一两二三]?款|前项|上述|上款|该|其(?!他)|此(?!外)|这|本款|(?:This|That|These|Those|It|They|Such|He|She)\b)/u;
const LEADING_CONNECTIVE =
  /^(?:此外|另外|同时|但是|因此|所以|However|Therefore|In addition|Moreover)[,，]\s*/u;

export function presentUnit(selected: Selected, passage: IndexedPassage, language: Language): string {
  const { unit } = selected;
  const body = unit.kind === 'list' ? listText(selected) : unit.text;
  const antecedent = antecedentOf(unit, passage);
  const text = tidy(antecedent === null ? body : `${antecedent}${joint(antecedent)}${body}`);
  return `${lead(selected, language)}${text}`;
}

function listText({ unit, segment }: Selected): string {
  if (unit.text.length <= WHOLE_LIST_CHARS) return unit.text;
  const firstItem = unit.head === '' ? 0 : 1;
  const matched = segment - firstItem;
  if (matched < 0) return unit.text;
  const item = unit.items[matched] as string;
  const before = matched > 0 ? '……\n' : '';
  const after = matched < unit.items.length - 1 ? '\n……' : '';
  return `${unit.head}\n${before}${item}${after}`.trim();
}

/** The unit that 前款, 该 or "it" points at, when it is short enough to come along. */
function antecedentOf(unit: IndexedUnit, passage: IndexedPassage): string | null {
  if (!ANAPHORIC.test(unit.text)) return null;
  const previous = passage.units[unit.ordinal - 1];
  if (previous === undefined) return null;
  const text = previous.kind === 'list' ? previous.head : previous.text;
  return text !== '' && text.length <= MAX_ANTECEDENT_CHARS ? text : null;
}

function joint(antecedent: string): string {
  return /[a-z.!?]$/i.test(antecedent) ? ' ' : '';
}

function tidy(text: string): string {
  return text.replace(LEADING_CONNECTIVE, '').trim();
}

/** `《劳动法》第四十四条：`; with the date where documents disagree. Empty for text that is not numbered. */
function lead({ unit, disputed }: Selected, language: Language): string {
  const { article, headingPath } = unit.passage.chunk;
  const title = documentTitle(unit.passage.filename, headingPath);
  const date = /\d{4}-\d{2}-\d{2}|(?<!\d)(?:19|20)\d{2}(?:-\d{2})?(?!\d)/.exec(unit.passage.filename)?.[0];
  if (article === null && !disputed) return '';
  const dated = disputed && date !== undefined;
  if (language === 'en')
    return `${title}${dated ? ` (${date})` : ''}${article === null ? '' : `, ${article}`}: `;
  return `《${title}》${dated ? `（${date}）` : ''}${article ?? ''}：`;
}

/** The file name as a person would say it: without extension and date. */
export function documentTitle(filename: string, headingPath: readonly string[]): string {
  const name = filename
    .replace(/\.[a-z0-9]{1,5}$/i, '')
    .replace(/[（(]\d{4}[^)）]*[)）]/gu, '')
    .replace(/[《》]/gu, '')
    .trim();
  return name === '' ? (headingPath[0] ?? filename) : name;
}
