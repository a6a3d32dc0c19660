import type { KnowledgeBase, KnowledgeDocument } from '../../api/types.ts';
import type { Translate } from '../../i18n/text.ts';

const maxSuggestions = 4;
/** Nobody asks what a table is about. */
const tables = new Set(['csv', 'xlsx']);

/** Questions that whoever keeps the knowledge base has written, else one for each of a few documents. */
export function suggestedQuestions(
  t: Translate,
  base: KnowledgeBase | undefined,
  documents: readonly KnowledgeDocument[],
): string[] {
  const written = base?.metadata?.['suggested_questions']?.split('\n').map((line) => line.trim());
  if (written !== undefined && written.some(Boolean)) return written.filter(Boolean).slice(0, maxSuggestions);
  return documents
    .filter((document) => document.status === 'completed' && !tables.has(document.format ?? ''))
    .map((document) => t('welcome.askAbout', { title: titleOf(document.filename ?? '') }))
    .slice(0, maxSuggestions);
}

function titleOf(filename: string): string {
  return filename.replace(/\.[^.]+$/, '').replaceAll(/[-_]+/g, ' ');
}
