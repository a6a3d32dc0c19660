// Which documents among the passages have a newer edition, so that an old rule is not quoted for the one in force.

import { normalise } from '../../knowledge/text/normalise.ts';
import type { Passage } from '../ports.ts';

/** What replaced a document: the edition (`2026`, `v3`) where it is known. */
export interface Replacement {
  edition: string | null;
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

/** By document: what replaced it. Empty where the question itself asks for the old rules. */
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
    if (edition !== null && (known === undefined || known.age < edition.age)) {
      newest.set(familyOf(passage), edition);
    }
  }
  for (const passage of passages) {
    const edition = editionOf(passage);
    if (edition !== null && question.includes(edition.label)) continue;
    const newer = newest.get(familyOf(passage));
    if (edition !== null && newer !== undefined && edition.age < newer.age) {
      replaced.set(passage.chunk.documentId, { edition: newer.label });
    } else if (isWithdrawn(passage) && !replaced.has(passage.chunk.documentId)) {
      replaced.set(passage.chunk.documentId, { edition: null });
    }
  }
  return replaced;
}

function isWithdrawn({ filename, chunk }: Passage): boolean {
  const names = [filename, chunk.headingPath[0] ?? ''];
  return names.some((name) => WITHDRAWN.test(name)) || WITHDRAWN_IN_TEXT.test(chunk.text.slice(0, 400));
}

function editionOf({ filename, chunk }: Passage): Edition | null {
  for (const name of [filename, chunk.headingPath[0] ?? '']) {
    const [date, year, month = '', day = ''] = YEAR.exec(name) ?? [];
    if (date !== undefined) {
      return { age: `${year}${month.padStart(2, '0')}${day.padStart(2, '0')}`, label: year as string };
    }
    const version = VERSION.exec(name)?.[1];
    if (version !== undefined) {
      const age = version.split('.').map((part) => part.padStart(4, '0'));
      return { age: `v${age.join('.')}`, label: `v${version}` };
    }
  }
  return null;
}

/** The name of a document without what tells its editions apart. */
function familyOf({ filename, chunk }: Passage): string {
  const bare = (name: string) =>
    normalise(name.replace(/\.[a-z0-9]{1,5}$/i, ''))
      .replace(BRACKETED, '')
      .replace(YEAR, '')
      .replace(VERSION, '')
      .replace(/[\s_\-—·,，.年月日版]+/gu, '');
  return bare(filename) || bare(chunk.headingPath[0] ?? '') || filename;
}
