import type { KnowledgeBase, KnowledgeDocument } from '../../api/types.ts';
import { isIn, ownLanguageFirst } from '../../i18n/bilingual.ts';
import type { Language, Translate } from '../../i18n/text.ts';

const maxSuggestions = 4;
/** Nobody asks what a table is about. */
const tables = new Set(['csv', 'xlsx']);

/** Questions that whoever keeps the knowledge base has written, else one for each of a few documents. */
export function suggestedQuestions(
  t: Translate,
  language: Language,
  base: KnowledgeBase | undefined,
  documents: readonly KnowledgeDocument[],
): string[] {
  const lines = (base?.metadata?.['suggested_questions'] ?? '').split('\n').map((line) => line.trim());
  const written = lines.filter(Boolean);
  const own = written.filter((question) => isIn(language, question));
  if (written.length > 0) return (own.length > 0 ? own : written).slice(0, maxSuggestions);
  const titles = documents
    .filter((document) => document.status === 'completed' && !tables.has(document.format ?? ''))
    .map((document) => titleOf(document.filename ?? ''));
  return ownLanguageFirst(language, titles, (title) => title)
    .map((title) => t('welcome.askAbout', { title }))
    .slice(0, maxSuggestions);
}

function titleOf(filename: string): string {
  return filename.replace(/\.[^.]+$/, '').replaceAll(/[-_]+/g, ' ');
}
