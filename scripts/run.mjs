// Runs a script of this repository under the pinned Node, after installing and building what is missing.
// Usage: node scripts/run.mjs [--needs PACKAGE,…] FILE [ARGUMENTS]; packages of the system, as the tests use them
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { spawnNode } from './lib/spawn-node.mjs';
import { ensureNamedPackages } from './lib/system-packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2);
const needs = words[0] === '--needs' ? (words.splice(0, 2)[1] ?? '').split(',') : [];
const [file, ...rest] = words;
await ensureInstalled(root);
const missing = ensureNamedPackages(needs, file);
if (missing.length > 0) {
  process.stderr.write(
    `budao: ${file} needs ${missing.join(', ')}, which could not be installed from here. As root:\n` +
      `  apt-get update && apt-get install -y --no-install-recommends ${missing.join(' ')}\n`,
  );
  process.exit(2);
}
await ensureBuilt(root);
// `npm run bench --json` without the `--` in between: npm takes the option for its own.
if (process.env.npm_config_json === 'true' && !rest.includes('--json')) rest.push('--json');
const child = spawnNode(root, ['--disable-warning=ExperimentalWarning', `${root}/${file}`, ...rest], {
  stdio: 'inherit',
});
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
