import { rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../commands.ts';
import { defineFault } from './fault.ts';

const FULL_BELOW_BYTES = 64 * 1024;

/** On a small disk of the node's own: nothing else on the machine loses room. */
export const diskFull = defineFault({
  name: 'disk-full',
  about: { en: 'the disk of the data folder is full to the last block', zh: '数据目录所在磁盘被写满' },
  parameters: z.strictObject({ node: z.string().optional() }),
  requires: ['linux', 'mounts'],
  needs: ['own disk'],
  async prepare(laboratory, { node: named }) {
    const node = laboratory.node(named);
    const filler = join(node.folder, '.drill-filler');
    return {
      victim: `disk of ${node.name}`,
      undoActs: [{ act: 'file.remove', path: filler }],
      async inject() {
        // `dd` ends with an error when the disk is full, which is what it is for.
        await run('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64K']).catch(() => undefined);
        await run('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1K', 'oflag=append', 'conv=notrunc']).catch(
          () => undefined,
        );
      },
      isInjected: async () => (await freeBytes(node.folder)) < FULL_BELOW_BYTES,
      undo: () => rm(filler, { force: true }),
      isUndone: async () => (await freeBytes(node.folder)) > FULL_BELOW_BYTES && (await node.isReady()),
    };
  },
});

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
