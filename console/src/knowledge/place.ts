import type { Translate } from '../i18n/text.ts';

export interface Place {
  heading_path?: string[];
  page?: number | null;
  article?: string | null;
}

/** Where in a document: headings, article, page. */
export function placeOf(t: Translate, { heading_path, page, article }: Place): string {
  const parts = [...(heading_path ?? [])];
  if (article && !parts.some((part) => part.includes(article))) parts.push(article);
  if (page !== null && page !== undefined) parts.push(t('place.page', { page }));
  return parts.join(' › ');
}
