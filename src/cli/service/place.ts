/** Where in a document something stands, for a person to find it: heading path, article, page. */
export function placeOf(
  place: { heading_path: readonly string[]; page: number | null; article: string | null },
  pageText: (page: number) => string,
): string {
  const headings = place.heading_path.filter((heading) => heading !== '');
  const { article } = place;
  const parts =
    article === null || headings.at(-1)?.includes(article) === true ? headings : [...headings, article];
  return [parts.join(' › '), place.page === null ? '' : pageText(place.page)]
    .filter((part) => part !== '')
    .join(' · ');
}
