import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

/** A fixed date keeps the archive the same from run to run. */
const entryDate = new Date(2026, 0, 1);

export interface ArchiveEntry {
  path: string;
  content: string;
  /** EPUB wants its `mimetype` stored, not deflated. */
  stored?: boolean;
}

export async function zipEntries(entries: ArchiveEntry[]): Promise<Buffer> {
  const archive = new ZipFile();
  for (const { path, content, stored } of entries) {
    archive.addBuffer(Buffer.from(content), path, { mtime: entryDate, compress: stored !== true });
  }
  archive.end();
  return buffer(archive.outputStream);
}
