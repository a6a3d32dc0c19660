import { delimiter, join } from 'node:path';
import { spawnNode } from './spawn-node.mjs';

/** What is checked without running the program, in this order. */
export const STATIC_CHECKS = [
  { name: 'Build', command: ['scripts/build.mjs'] },
  { name: 'Types', command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'] },
  {
    name: 'Types of the console',
    command: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'console/tsconfig.json'],
  },
  { name: 'Format and order of imports', command: ['node_modules/@biomejs/biome/bin/biome', 'check', '.'] },
  { name: 'Lint', command: ['node_modules/oxlint/bin/oxlint', '--type-aware', '--quiet'] },
  { name: 'Lock file', command: ['scripts/complete-lock-file.mjs', '--check'] },
  { name: 'Structure', command: ['tests/structure/main.ts'] },
];

/** Runs a script under the pinned Node, its output below a heading. Resolves to whether it succeeded. */
export async function runCheck(root, { name, command }) {
  const startedMs = performance.now();
  process.stdout.write(`\n── ${name} ──\n`);
  const child = spawnNode(root, command, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter) },
  });
  const [code, signal] = await new Promise((resolve) => child.once('exit', (...outcome) => resolve(outcome)));
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  const outcome = code === 0 ? 'ok' : `FAILED (${signal ?? `exit code ${code}`})`;
  process.stdout.write(`${name}: ${outcome}, ${seconds} s\n`);
  return code === 0;
}
