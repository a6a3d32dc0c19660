// The one command: installs what is missing, builds what has changed, starts the service and keeps it up.
// Runs under any Node from 20 on, before anything is installed; everything after it runs under the pinned one.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { spawnNode } from './lib/spawn-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const RESTART_DELAYS_MS = [0, 100, 500, 1_000, 2_000, 5_000];
const LIVED_LONG_MS = 10_000;
const PARENT_CHECK_MS = 300;
/** The service's own word that starting again would not help, with the reason already printed. */
const EXIT_REFUSED = 2;

const arguments_ = process.argv.slice(2);
if (!arguments_.includes('--help') || !existsSync(`${root}/dist/system/main.js`)) {
  await ensureInstalled(root);
  await ensureBuilt(root);
}
guard();

/** Starts the supervisor, and again whenever it dies without having been asked to stop. */
function guard() {
  let child = null;
  let stopping = false;
  let youngDeaths = 0;
  let hasRun = false;
  const startedBy = process.ppid;

  const start = () => {
    // Asked to stop while waiting to start again: there was nobody to pass that on to.
    if (stopping) process.exit(0);
    const startedMs = performance.now();
    const options = {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Every process compiles the same modules: the second start finds them compiled.
      env: { NODE_COMPILE_CACHE: `${root}/dist/.compiled`, ...process.env },
    };
    child = spawnNode(root, [`${root}/dist/system/main.js`, ...arguments_], options, (reason) => {
      process.stderr.write(`budao: ${reason}\n`);
      // What has run before may be missing for a moment only, as while packages are installed anew.
      if (stopping || !hasRun) process.exit(stopping ? 0 : EXIT_REFUSED);
      startAgain(startedMs);
    });
    child.once('spawn', () => {
      hasRun = true;
    });
    child.once('exit', (code, signal) => {
      if (stopping || code === 0 || code === EXIT_REFUSED) {
        process.exitCode = stopping ? 0 : (code ?? 1);
        process.exit();
      }
      process.stderr.write(`budao: the supervisor ended (${signal ?? `code ${code}`}); starting it again\n`);
      startAgain(startedMs);
    });
  };
  const startAgain = (startedMs) => {
    youngDeaths = performance.now() - startedMs > LIVED_LONG_MS ? 0 : youngDeaths + 1;
    setTimeout(start, RESTART_DELAYS_MS[Math.min(youngDeaths, RESTART_DELAYS_MS.length - 1)]);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      stopping = true;
      child?.kill('SIGTERM');
    });
  }
  // Killing what was started stops it: nothing is left behind to hold the data folder.
  setInterval(() => {
    if (process.ppid === startedBy) return;
    stopping = true;
    child?.kill('SIGTERM');
  }, PARENT_CHECK_MS).unref();
  start();
}
