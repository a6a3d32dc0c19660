import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { defineFault, type FaultCheck } from './fault.ts';

/** As a power cut that takes the disk with it. The undo is a restore from the repository and a start. */
export const dataDeleted = defineFault({
  name: 'data-deleted',
  about: {
    en: 'power cut, and the data folder is lost; it is restored from the repository',
    zh: '断电且数据目录丢失；从仓库恢复',
  },
  parameters: z.strictObject({
    /** While the service runs, or at the moment of a power cut. */
    while: z.enum(['power-cut', 'running']).default('power-cut'),
  }),
  requires: ['linux'],
  needs: ['repository'],
  async prepare(laboratory, { while: when }) {
    const { first: node, repository } = laboratory;
    if (repository === null) throw new Error('this laboratory has no repository');
    const ledger = join(node.dataDir, 'ledger.db');
    return {
      victim: `data folder of ${node.name}`,
      undoActs: [],
      async inject() {
        if (when === 'power-cut') await node.kill();
        for (const name of await readdir(node.dataDir))
          await rm(join(node.dataDir, name), { recursive: true, force: true, maxRetries: 5 });
      },
      isInjected: async () => !existsSync(ledger),
      async undo() {
        await node.kill();
        await repository.restoreInto(node);
        await node.start();
      },
      isUndone: async () => existsSync(ledger) && (await node.isReady()),
      checks: async (): Promise<FaultCheck[]> => {
        const { ok, detail } = await repository.verify(node);
        return [{ check: 'repository-whole', ok, detail }];
      },
    };
  },
});
