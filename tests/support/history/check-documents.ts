import type { History, Violation } from './history.ts';

/** An acknowledged document is listed, with its own content, until its deletion begins; after that has been acknowledged it is not. */
export function checkDocuments(history: History): Violation[] {
  const violations: Violation[] = [];
  const uploads = history.of('upload').filter((upload) => upload.documentId !== null);
  const deletions = new Map(history.of('delete').map((deletion) => [deletion.documentId, deletion]));
  const known = new Map(uploads.map((upload) => [String(upload.documentId), upload]));
  if (known.size < uploads.length) violations.push({ rule: 'one document for two uploads', detail: '' });
  for (const listing of history.of('documents')) {
    const listed = new Set(listing.documentIds);
    if (listed.size < listing.documentIds.length) violations.push({ rule: 'document doubled', detail: '' });
    for (const [id, upload] of known) {
      const deletion = deletions.get(id);
      const mustBe =
        upload.endedMs < listing.startedMs && (deletion?.startedMs ?? Infinity) > listing.endedMs;
      const mustNotBe = (deletion?.endedMs ?? Infinity) < listing.startedMs;
      if (mustBe && !listed.has(id)) violations.push({ rule: 'document lost', detail: id });
      if (mustNotBe && listed.has(id)) violations.push({ rule: 'deleted document is back', detail: id });
    }
  }
  for (const { documentId, sha256, startedMs, endedMs } of history.of('content')) {
    const upload = known.get(documentId);
    if (upload === undefined || upload.endedMs >= startedMs) continue;
    if ((deletions.get(documentId)?.startedMs ?? Infinity) <= endedMs) continue;
    if (sha256 === null) violations.push({ rule: 'document lost', detail: `the content of ${documentId}` });
    else if (sha256 !== upload.sha256) violations.push({ rule: 'document changed', detail: documentId });
  }
  return violations;
}
