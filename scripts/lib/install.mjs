import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';

/** Installs exactly what the lock file says, once for each lock file. */
export async function ensureInstalled(root) {
  // A program out of a kit comes with what it needs.
  if (!existsSync(`${root}/package-lock.json`)) return;
  const lock = createHash('sha256')
    .update(readFileSync(`${root}/package-lock.json`))
    .digest('hex');
  const stamp = `${root}/node_modules/.budao-installed`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  // A linked folder belongs to another checkout, which installs into it itself.
  if (lstatSync(`${root}/node_modules`, { throwIfNoEntry: false })?.isSymbolicLink() === true) return;
  process.stderr.write('budao: installing dependencies (once, about a minute) …\n');
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('js') ? [process.execPath, [npm]] : ['npm', []];
  const { status, error } = spawnSync(
    command,
    [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      // Its install script would download GPU libraries from outside the registry; the CPU ones are in the package.
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', npm_config_onnxruntime_node_install: 'skip' },
    },
  );
  if (status !== 0) {
    process.stderr.write(
      error === undefined
        ? 'budao: installing failed. Check the network or the npm registry setting, then run it again.\n'
        : `budao: npm cannot be started (${error.code ?? error.message}). Install it beside Node, or check the PATH, then run it again.\n`,
    );
    process.exit(2);
  }
  writeFileSync(stamp, lock);
}
