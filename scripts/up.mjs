// The one command: installs what is missing, builds what has changed, starts the service and keeps it up.
// Runs under any Node from 20 on, before anything is installed; everything after it runs under the pinned one.
import { existsSync, write } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { spawnNode } from './lib/spawn-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const RESTART_DELAYS_MS = [0, 100, 500, 1_000, 2_000, 5_000];
const LIVED_LONG_MS = 10_000;
const PARENT_CHECK_MS = 300;
const PING_INTERVAL_MS = 1_000;
/**
 * A supervisor that leaves so many pings unanswered, once it has started, is stuck or stopped: nobody would restart
 * what dies, and it may hold the ledger's lock. Counted, not timed, as this process may have been frozen itself.
 */
const MAX_UNANSWERED_PINGS = 20;
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
    killWhenStuck(child);
    child.once('exit', (code, signal) => {
      if (stopping || code === 0 || code === EXIT_REFUSED) {
        process.exitCode = stopping ? 0 : (code ?? 1);
        process.exit();
      }
      say(`budao: the supervisor ended (${signal ?? `code ${code}`}); starting it again\n`);
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

/** The supervisor says when it has started: before that, a migration may keep it from answering for long. */
function killWhenStuck(child) {
  let hasStarted = false;
  let unansweredPings = 0;
  const ping = setInterval(() => {
    if (!hasStarted || !child.connected) return;
    if (unansweredPings >= MAX_UNANSWERED_PINGS) child.kill('SIGKILL');
    unansweredPings += 1;
    child.send({ type: 'ping' }, () => {});
  }, PING_INTERVAL_MS);
  child.on('message', (message) => {
    unansweredPings = 0;
    if (message.type === 'started') hasStarted = true;
  });
  child.once('exit', () => clearInterval(ping));
}

/** Does not wait for whoever reads, nor mind that nobody does: a log on hold stops no service. */
function say(text) {
  write(process.stderr.fd, text, () => {});
}
