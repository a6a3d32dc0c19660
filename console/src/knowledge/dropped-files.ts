/** Files of other programs that come along with a folder and that nobody means. */
const leftovers = /^(\.|~\$|thumbs\.db$|desktop\.ini$)/i;
const maxFiles = 2_000;

/** All files that were dropped, those in folders too. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // The entries must be taken before the first await: the list is emptied when the event is over.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.every((entry) => entry === null)) return wanted([...transfer.files]);
  const files: File[] = [];
  for (const entry of entries) if (entry !== null) await collect(entry, files);
  return wanted(files);
}

export function wanted(files: readonly File[]): File[] {
  return files.filter((file) => !leftovers.test(file.name)).slice(0, maxFiles);
}

async function collect(entry: FileSystemEntry, files: File[]): Promise<void> {
  if (files.length >= maxFiles) return;
  if (entry.isFile) {
    files.push(
      await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
    );
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader hands over at most a hundred entries at a time.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (batch.length === 0) return;
    for (const child of batch) await collect(child, files);
  }
}
