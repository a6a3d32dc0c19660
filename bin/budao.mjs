#!/usr/bin/env node
// Runs the command-line tool under the pinned Node, from a checkout or an installation.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from '../scripts/lib/build.mjs';
import { ensureInstalled } from '../scripts/lib/install.mjs';
import { pinnedNode } from '../scripts/lib/pinned-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [command, ...rest] = process.argv.slice(2);
if (command === 'up') {
  process.argv.splice(2, 1);
  await import('../scripts/up.mjs');
} else {
  await ensureInstalled(root);
  await ensureBuilt(root);
  const args = command === undefined ? rest : [command, ...rest];
  const child = spawn(pinnedNode(root), [`${root}/dist/cli/main.js`, ...args], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
}
