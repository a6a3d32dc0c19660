import { access, constants } from 'node:fs/promises';
import { z } from 'zod';
import { run } from '../commands.ts';
import type { LaboratoryNode } from '../laboratory/node.ts';
import { carryOut } from '../undo/acts.ts';
import { defineFault } from './fault.ts';

/**
 * A read-only mount over the data folder: whatever is opened from then on cannot be written. What is open already stays
 * writable, as Linux has no way to take it back.
 */
export const diskReadOnly = defineFault({
  name: 'disk-read-only',
  about: {
    en: 'the data folder becomes read-only, as after a fault of the file system',
    zh: '数据目录变为只读，如同文件系统出错之后',
  },
  parameters: z.strictObject({ node: z.string().optional() }),
  requires: ['linux', 'mounts'],
  needs: [],
  async prepare(laboratory, { node: named }) {
    const node = laboratory.node(named);
    const undoing = { act: 'mount.end' as const, path: node.dataDir };
    return {
      victim: `data folder of ${node.name}`,
      undoActs: [undoing],
      async inject() {
        await run('mount', ['--bind', node.dataDir, node.dataDir]);
        await run('mount', ['-o', 'remount,ro,bind', node.dataDir]);
        // A process that opens files anew shows what the fault does.
        await node.kill();
        node.spawn();
      },
      isInjected: async () => !(await isWritable(node)),
      async undo() {
        await node.kill();
        await carryOut(undoing);
        await node.start();
      },
      isUndone: async () => (await isWritable(node)) && (await node.isReady()),
    };
  },
});

async function isWritable({ dataDir }: LaboratoryNode): Promise<boolean> {
  return access(dataDir, constants.W_OK).then(
    () => true,
    () => false,
  );
}
