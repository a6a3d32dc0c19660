// Starts an image as an operator would, without any daemon (buildah and runc, as root), and looks at it from outside:
//   node deploy/container/try.mjs IMAGE
// User 1001, a root that cannot be written, no capabilities, the sample knowledge base; a question is answered, the
// health check agrees, SIGTERM ends it in order. Prints what it measured; exits with 1 when something is not as it should.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ID = 1001;
const START_DEADLINE_MS = 120_000;
const MAX_LEAVE_MS = 20_000;
const KEY = 'bdk_try_0123456789abcdefghijkl';
const [image] = process.argv.slice(2);
if (image === undefined) {
  process.stderr.write('usage: node deploy/container/try.mjs IMAGE\n');
  process.exit(2);
}

const work = mkdtempSync(join(tmpdir(), 'budao-container-'));
const name = `budao-try-${process.pid}`;
const port = await freePort();
const container = buildah('from', '--pull-never', image);
let runtime;
try {
  const rootfs = buildah('mount', container);
  const settings = JSON.parse(buildah('inspect', '--type', 'image', image)).Docker.config;
  writeFileSync(join(work, 'config.json'), JSON.stringify(bundle(rootfs, settings)));
  await tryIt(settings);
} finally {
  if (runtime?.exitCode === null) runc('kill', name, 'KILL');
  buildah('rm', container);
  rmSync(work, { recursive: true, force: true });
}

async function tryIt(settings) {
  assert.equal(settings.User, `${ID}:${ID}`);
  const started = performance.now();
  runtime = spawn('runc', ['run', '--bundle', work, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  runtime.stdout.resume();
  const ended = new Promise((resolve) => runtime.once('exit', (code) => resolve(code)));
  await until(async () => (await fetch(`http://127.0.0.1:${port}/startupz`)).ok);
  say('started', performance.now() - started);

  const pid = JSON.parse(runc('state', name)).pid;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  assert.match(status, new RegExp(`^Uid:\\s+${ID}\\s+${ID}\\s`, 'm'));
  assert.match(status, /^CapEff:\s+0+$/m);
  assert.match(status, /^NoNewPrivs:\s+1$/m);
  const write = tryInside(['/usr/local/bin/node', '-e', 'require("fs").writeFileSync("/opt/budao/x", "")']);
  assert.match(write, /EROFS/);
  assert.equal(tryInside(settings.Healthcheck.Test.slice(1)), '');
  assert.equal(tryInside(['/usr/local/bin/health', 'worker-alive']), '');
  assert.equal(tryInside(['/usr/local/bin/health', 'worker-ready']), '');

  const asked = performance.now();
  await untilAnswered('年假可以结转到什么时候？', /3月31日|三月三十一日/);
  say('answered from the whole sample', performance.now() - asked);

  const told = performance.now();
  runc('kill', name, 'TERM');
  const code = await Promise.race([ended, sleep(MAX_LEAVE_MS, 'still there', { ref: false })]);
  assert.equal(code, 0);
  say('left after SIGTERM', performance.now() - told);
  assert.equal(lstatSync(join(work, 'data/ledger.db')).uid, ID);
  process.stdout.write(`${image}: works as user ${ID} on a read-only root without capabilities\n`);
}

/** The sample is read in the background: until all of it is, the answer comes from an older edition. */
async function untilAnswered(question, fact) {
  await until(async () => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'budao', input: question }),
    });
    const text = JSON.stringify(await response.json());
    return text.includes('file_citation') && fact.test(text);
  });
}

function bundle(rootfs, settings) {
  mkdirSync(join(work, 'data'));
  chownSync(join(work, 'data'), ID, ID);
  const env = [
    ...settings.Env,
    `BUDAO_PORT=${port}`,
    'BUDAO_HOST=127.0.0.1',
    `BUDAO_BOOTSTRAP_API_KEY=${KEY}`,
  ];
  const own = (destination, type, options) => ({ destination, type, source: type, options });
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: ID, gid: ID },
      args: [...settings.Entrypoint, ...settings.Cmd],
      env,
      cwd: settings.WorkingDir,
      noNewPrivileges: true,
      capabilities: {},
    },
    root: { path: rootfs, readonly: true },
    mounts: [
      own('/proc', 'proc', []),
      own('/dev', 'tmpfs', ['nosuid', 'mode=755', 'size=64k']),
      own('/tmp', 'tmpfs', ['nosuid', 'nodev', 'mode=1777']),
      { destination: '/var/lib/budao', type: 'bind', source: join(work, 'data'), options: ['rbind', 'rw'] },
    ],
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  };
}

/** What the command says on stderr, inside the container. */
function tryInside(args) {
  try {
    runc('exec', name, ...args);
    return '';
  } catch (error) {
    return `${error.stderr}` || error.message;
  }
}

async function until(condition) {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (!(await condition().catch(() => false))) {
    if (runtime.exitCode !== null) throw new Error(`the container ended with ${runtime.exitCode}`);
    if (performance.now() > deadline) throw new Error(`not within ${START_DEADLINE_MS} ms: ${condition}`);
    await sleep(100);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}

function buildah(...args) {
  return execFileSync('buildah', args, { encoding: 'utf8' }).trim();
}

function runc(...args) {
  return execFileSync('runc', args, { encoding: 'utf8', stdio: 'pipe' });
}

function say(what, milliseconds) {
  process.stdout.write(`${what}: ${(milliseconds / 1_000).toFixed(2)} s\n`);
}
