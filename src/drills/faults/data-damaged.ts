import { copyFileSync, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LaboratoryNode } from '../laboratory/node.ts';
import { defineFault } from './fault.ts';

const FLIPPED_BYTES = 64;
const FOLDERS = { blob: 'blobs', index: 'index' } as const;
const HEADER_BYTES = 4_096;

/** Bytes flip on the disk, unseen. The undo puts the file back as it was. */
export const dataDamaged = defineFault({
  name: 'data-damaged',
  about: {
    en: 'bytes of a stored document, of the search index or of the ledger are flipped on the disk',
    zh: '磁盘上某个文档、检索索引或账本的字节被翻转',
  },
  parameters: z.strictObject({ target: z.enum(['blob', 'index', 'ledger']) }),
  requires: ['linux'],
  needs: [],
  async prepare(laboratory, { target }) {
    const node = laboratory.first;
    const path = target === 'ledger' ? join(node.dataDir, 'ledger.db') : largestIn(node, FOLDERS[target]);
    const kept = join(laboratory.folder, `kept-${target}`);
    const restarts = target !== 'blob';
    const at = target === 'ledger' ? HEADER_BYTES : Math.floor(statSync(path).size / 2);
    let before: Buffer = Buffer.alloc(0);
    return {
      victim: `${target}: ${path.slice(node.dataDir.length + 1)}`,
      undoActs: [],
      async inject() {
        // A database that is open would write its own copy over what was damaged.
        if (target === 'ledger') await node.stop();
        copyFileSync(path, kept);
        before = await bytesAt(path, at);
        await writeAt(path, at, flipped(before));
        if (target === 'ledger') node.spawn();
      },
      isInjected: async () => !(await bytesAt(path, at)).equals(before),
      async undo() {
        if (restarts) await node.kill();
        copyFileSync(kept, path);
        if (restarts) await node.start();
      },
      isUndone: async () =>
        (await node.isReady()) && (target === 'ledger' || (await bytesAt(path, at)).equals(before)),
    };
  },
});

function largestIn(node: LaboratoryNode, folder: string): string {
  const [largest] = readdirSync(join(node.dataDir, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => statSync(b).size - statSync(a).size);
  if (largest === undefined) throw new Error(`${folder} holds no file to damage`);
  return largest;
}

async function bytesAt(path: string, at: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FLIPPED_BYTES), 0, FLIPPED_BYTES, at);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function writeAt(path: string, at: number, bytes: Buffer): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, at);
    await file.sync();
  } finally {
    await file.close();
  }
}

function flipped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0xff));
}
