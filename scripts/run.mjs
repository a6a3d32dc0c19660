// Runs a script of this repository under the pinned Node, after installing and building what is missing.
// Usage: node scripts/run.mjs FILE [ARGUMENTS]
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { spawnNode } from './lib/spawn-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
await ensureInstalled(root);
await ensureBuilt(root);
const [file, ...rest] = process.argv.slice(2);
// `npm run bench --json` without the `--` in between: npm takes the option for its own.
if (process.env.npm_config_json === 'true' && !rest.includes('--json')) rest.push('--json');
const child = spawnNode(root, ['--disable-warning=ExperimentalWarning', `${root}/${file}`, ...rest], {
  stdio: 'inherit',
});
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
