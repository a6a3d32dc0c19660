import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../commands.ts';
import { defineFault } from './fault.ts';

const SQL = `const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync(process.argv[1], { timeout: 10000, enableForeignKeyConstraints: false });
if (process.argv[3] === 'drop') database.exec('DROP TABLE ' + process.argv[2]);
const rows = database.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').all(process.argv[2]);
process.stdout.write(String(rows.length));`;

/** Somebody works on the wrong database; the installation goes back to the moment before. */
export const tableDropped = defineFault({
  name: 'table-dropped',
  about: {
    en: 'somebody drops a table of the ledger; it comes back as it was a moment before',
    zh: '有人删除了账本中的一张表；恢复到删除前一刻',
  },
  parameters: z.strictObject({
    target: z.enum(['document', 'event', 'conversation_item']).default('document'),
  }),
  requires: ['linux'],
  needs: ['repository'],
  async prepare(laboratory, { target: table }) {
    const { first: node, repository, shared } = laboratory;
    if (repository === null) throw new Error('this laboratory has no repository');
    const ask = async (what: 'drop' | 'look'): Promise<boolean> => {
      if (shared !== null) {
        if (what === 'drop') await shared.query(`DROP TABLE ${table} CASCADE`);
        return (await shared.query(`SELECT 1 FROM pg_tables WHERE tablename = '${table}'`)).length > 0;
      }
      const words = [
        '--disable-warning=ExperimentalWarning',
        '-e',
        SQL,
        join(node.dataDir, 'ledger.db'),
        table,
        what,
      ];
      return (await run(process.execPath, words)).stdout === '1';
    };
    let before = new Date();
    return {
      victim: `table ${table}`,
      undoActs: [],
      async inject() {
        before = new Date();
        await ask('drop');
      },
      isInjected: async () => !(await ask('look')),
      async undo() {
        await node.stop();
        await repository.restoreInto(node, before);
        await node.start();
      },
      isUndone: async () => (await ask('look')) && (await node.isReady()),
    };
  },
});
