import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { waitUntil } from '../wait-until.ts';
import { defineFault } from './fault.ts';

const SEEN_DEADLINE_MS = 30_000;
/** How each new version is broken: which module, and what is done to its text as it is loaded. */
const VERSIONS = {
  'crash-loop': {
    module: '/system/processes/api.js',
    change: `(source) => 'throw new Error("drill: a broken version");' + source`,
  },
  'wrong-answers': {
    module: '/knowledge/retrieve/retrieve.js',
    change: `(source) => source.replace('.slice(0, request.limit)', '.slice(-1).map((hit) => ({ ...hit, text: "42" }))')`,
  },
  'failing-migration': {
    module: '/ledger/schema.js',
    change: `(source) => source.replace('export const SCHEMA_VERSION', 'MIGRATIONS.push({ version: MIGRATIONS.length + 1, name: "drill", statements: ["ALTER TABLE no_such_table ADD COLUMN one text"] });\\nexport const SCHEMA_VERSION')`,
  },
} as const;

/** A new version is rolled out and turns out to be broken; the undo rolls back. */
export const deploy = defineFault({
  name: 'deploy',
  about: {
    en: 'a new version crashes in a loop, answers wrongly though it says that it is ready, or cannot migrate the ledger',
    zh: '新版本反复崩溃、显示就绪却答错，或无法迁移账本',
  },
  parameters: z.strictObject({
    target: z.enum(Object.keys(VERSIONS) as ['crash-loop', 'wrong-answers', 'failing-migration']),
  }),
  requires: ['linux'],
  needs: [],
  async prepare(laboratory, { target }) {
    const node = laboratory.first;
    const { module, change } = VERSIONS[target];
    const path = join(laboratory.folder, `version-${target}.mjs`);
    const mark = join(laboratory.folder, `loaded-${target}`);
    return {
      victim: `version of ${node.name}: ${target}`,
      undoActs: [],
      async inject() {
        writeFileSync(path, loader(module, change, mark));
        await node.stop();
        node.extraEnvironment = { NODE_OPTIONS: `--import=${path}` };
        node.spawn();
        if (target === 'wrong-answers') await node.untilReady();
        await waitUntil(
          () => wasLoaded(mark),
          SEEN_DEADLINE_MS,
          () => `the new version never ran:\n${node.output.slice(-2_000)}`,
        );
      },
      isInjected: async () => wasLoaded(mark) && (target === 'wrong-answers') === (await node.isReady()),
      async undo() {
        await node.kill();
        node.extraEnvironment = {};
        await node.start();
      },
      isUndone: () => node.isReady(),
    };
  },
});

/** Changes one module as it is loaded, in every process of the node, and leaves a mark once it has. */
function loader(module: string, change: string, mark: string): string {
  return `import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
const change = ${change};
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith(${JSON.stringify(module)})) return loaded;
    const before = String(loaded.source);
    const source = change(before);
    if (source !== before) writeFileSync(${JSON.stringify(mark)}, '');
    return { ...loaded, source };
  },
});
`;
}

function wasLoaded(mark: string): boolean {
  return existsSync(mark);
}
