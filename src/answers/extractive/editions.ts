// Which documents among the passages are not in force, by their attributes or by a newer edition beside them.

import { normalise } from '../../knowledge/text/normalise.ts';
import type { Passage } from '../ports.ts';

/** Why a document is not the one to quote: what replaced it, where that is known (`2026`, `v3`). */
export interface Replacement {
  edition: string | null;
  /** Its attributes say that it is no longer in force. */
  withdrawn?: true;
  /** Not in force yet: from this day (`YYYY-MM-DD`), or null where the day is not known. */
  upcoming?: string | null;
}

const BRACKETED = /[（([【][^）)\]】]*[）)\]】]/gu;
const YEAR = /(?<!\d)((?:19|20)\d{2})(?:[-.年](\d{1,2}))?(?:[-.月](\d{1,2}))?(?!\d)/u;
const VERSION = /(?:(?<![a-z\d])v|ver(?:sion)?\.?\s?|版本\s?)(\d+(?:\.\d+)*)/iu;
/** A file name or title that says of itself that it no longer applies. */
const WITHDRAWN =
  /[（([【][^）)\]】]*(?:废止|失效|作废|旧版|superseded|obsolete|withdrawn|outdated)[^）)\]】]*[）)\]】]/iu;
/** The same in the text of the document. */
const WITHDRAWN_IN_TEXT =
  /本(?:文件|办法|规定|制度|规程|指南)(?:已?自.{4,14}起)?(?:已经?)?(?:废止|失效)|this (?:document|policy|procedure) (?:is|was|has been) (?:superseded|replaced|withdrawn)/iu;
/** A question about how it used to be. */
const ASKS_FOR_OLD =
  /旧版|老版|旧规|以前的(?:规定|办法|版本)|原来的(?:规定|办法|版本)|\b(?:old|previous|former) (?:version|edition|rules?|policy)/iu;

interface Edition {
  /** Comparable text: dates and versions of one document sort by age. */
  age: string;
  label: string;
}

/** By document: why it is not in force. Empty where the question itself asks for the old rules. */
export function replacedDocuments(
  question: string,
  passages: readonly Passage[],
): ReadonlyMap<string, Replacement> {
  const replaced = new Map<string, Replacement>();
  if (ASKS_FOR_OLD.test(question)) return replaced;
  const newest = new Map<string, Edition>();
  for (const passage of passages) {
    const edition = editionOf(passage);
    const known = newest.get(familyOf(passage));
    const counts = passage.standing === undefined || passage.standing.state === 'in-force';
    if (edition !== null && counts && (known === undefined || isOlder(known, edition))) {
      newest.set(familyOf(passage), edition);
    }
  }
  for (const passage of passages) {
    const { documentId } = passage.chunk;
    const edition = editionOf(passage);
    if (edition !== null && question.includes(edition.label)) continue;
    const newer = newest.get(familyOf(passage));
    const superseded = edition !== null && newer !== undefined && isOlder(edition, newer);
    const state = passage.standing?.state;
    if (state === 'upcoming') {
      replaced.set(documentId, { edition: null, upcoming: passage.standing?.effectiveDate ?? null });
    } else if (state === 'withdrawn') {
      replaced.set(documentId, { edition: superseded ? newer.label : null, withdrawn: true });
    } else if (superseded) {
      replaced.set(documentId, { edition: newer.label });
    } else if (isWithdrawn(passage) && !replaced.has(documentId)) {
      replaced.set(documentId, { edition: null });
    }
  }
  return replaced;
}

/** Only what is counted alike can be compared: dates with dates, versions with versions. */
function isOlder(left: Edition, right: Edition): boolean {
  return left.age.startsWith('v') === right.age.startsWith('v') && left.age < right.age;
}

function isWithdrawn({ filename, chunk }: Passage): boolean {
  const names = [filename, chunk.headingPath[0] ?? ''];
  return names.some((name) => WITHDRAWN.test(name)) || WITHDRAWN_IN_TEXT.test(chunk.text.slice(0, 400));
}

/** By the attributes where they give a date, else by the name. */
function editionOf(passage: Passage): Edition | null {
  const named = namedEdition(passage);
  const { effectiveDate = null, edition = null } = passage.standing ?? {};
  if (effectiveDate !== null) {
    return { age: effectiveDate.replaceAll('-', ''), label: named?.label ?? effectiveDate };
  }
  return named ?? (edition === null ? null : versionEdition(edition.replace(/^v/i, '')));
}

function namedEdition({ filename, chunk }: Passage): Edition | null {
  for (const name of [filename, chunk.headingPath[0] ?? '']) {
    const [date, year, month = '', day = ''] = YEAR.exec(name) ?? [];
    if (date !== undefined) {
      return { age: `${year}${month.padStart(2, '0')}${day.padStart(2, '0')}`, label: year as string };
    }
    const version = VERSION.exec(name)?.[1];
    if (version !== undefined) return versionEdition(version);
  }
  return null;
}

function versionEdition(version: string): Edition {
  const age = version.split('.').map((part) => part.padStart(4, '0'));
  return { age: `v${age.join('.')}`, label: `v${version}` };
}

/** The name of a document without what tells its editions apart. */
function familyOf({ filename, chunk, standing }: Passage): string {
  if (standing?.series != null) return `series ${standing.series}`;
  const bare = (name: string) =>
    normalise(name.replace(/\.[a-z0-9]{1,5}$/i, ''))
      .replace(BRACKETED, '')
      .replace(YEAR, '')
      .replace(VERSION, '')
      .replace(/[\s_\-—·,，.年月日版]+/gu, '');
  return bare(filename) || bare(chunk.headingPath[0] ?? '') || filename;
}
