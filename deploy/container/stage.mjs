// Lays out what goes into the container below OUTPUT, from this checkout's lock file and sources:
//   node deploy/container/stage.mjs OUTPUT
// Production packages only, without what no Linux machine of this kind loads; every file has the time
// SOURCE_DATE_EPOCH and one of two modes, so that the same commit gives the same bytes.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { billOfMaterials } from './bill-of-materials.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const epochSeconds = Number(process.env.SOURCE_DATE_EPOCH);
const [output] = process.argv.slice(2);
const BUDAO_ID = 1001;
/** Loaded by nothing: embedding models of LanceDB that Budao does not use, and what editors read. */
const UNUSED_FOLDERS = ['@lancedb/lancedb/node_modules', '.bin', '@types'];
const UNUSED_FILES = /\.(map|md|markdown|flow|tsbuildinfo)$|\.d\.[cm]?ts$|^\.package-lock\.json$/i;

if (output === undefined || !Number.isInteger(epochSeconds)) {
  process.stderr.write('usage: SOURCE_DATE_EPOCH=SECONDS node deploy/container/stage.mjs OUTPUT\n');
  process.exit(2);
}
stage(resolve(output));

function stage(target) {
  rmSync(target, { recursive: true, force: true });
  const program = join(target, 'opt/budao');
  mkdirSync(program, { recursive: true });
  run(process.execPath, ['scripts/build.mjs'], root);
  installProduction(program);
  prune(join(program, 'node_modules'));
  for (const path of ['dist', 'console/dist', 'samples/hospital']) copy(path, join(program, path));
  const binaries = join(target, 'usr/local/bin');
  mkdirSync(binaries, { recursive: true });
  cpSync(join(root, 'node_modules/node/bin/node'), join(binaries, 'node'), { dereference: true });
  cpSync(join(here, 'budao.mjs'), join(binaries, 'budao'));
  cpSync(join(here, 'health.mjs'), join(binaries, 'health'));
  addUser(join(target, 'etc'));
  mkdirSync(join(target, 'var/lib/budao'), { recursive: true });
  mkdirSync(join(target, 'tmp'), { recursive: true });
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const bill = billOfMaterials({ lock, program, epochSeconds });
  writeFileSync(join(program, 'sbom.cdx.json'), `${JSON.stringify(bill, null, 2)}\n`);
  normalise(target);
  chmodSync(join(target, 'tmp'), 0o1777);
  chmodSync(join(target, 'var/lib/budao'), 0o700);
}

/** What `npm ci` installs for this machine, without the tools of development and without install scripts. */
function installProduction(program) {
  for (const file of ['package.json', 'package-lock.json', 'console/package.json'])
    cpSync(join(root, file), join(program, file));
  const flags = ['--omit=dev', '--workspaces=false', '--ignore-scripts', '--no-audit', '--no-fund'];
  run('npm', ['ci', ...flags, '--loglevel=error', '--prefer-offline'], program);
  rmSync(join(program, 'console'), { recursive: true });
}

function prune(modules) {
  for (const folder of UNUSED_FOLDERS) rmSync(join(modules, folder), { recursive: true, force: true });
  const runtimes = join(modules, 'onnxruntime-node/bin');
  for (const api of readdirSync(runtimes))
    for (const system of readdirSync(join(runtimes, api)))
      for (const machine of readdirSync(join(runtimes, api, system)))
        if (system !== process.platform || machine !== process.arch)
          rmSync(join(runtimes, api, system, machine), { recursive: true });
  for (const path of filesBelow(modules)) if (UNUSED_FILES.test(path.split('/').at(-1))) rmSync(path);
}

/** What a build leaves beside its output is for the next build. */
function copy(path, target) {
  cpSync(join(root, path), target, {
    recursive: true,
    filter: (source) => !/\.map$|\/\.(built-from|compiled)$/.test(source),
  });
}

function addUser(folder) {
  mkdirSync(folder, { recursive: true });
  const user = `budao:x:${BUDAO_ID}:${BUDAO_ID}:Budao:/var/lib/budao:/sbin/nologin`;
  writeFileSync(join(folder, 'passwd'), `root:x:0:0:root:/root:/sbin/nologin\n${user}\n`);
  writeFileSync(join(folder, 'group'), `root:x:0:\nbudao:x:${BUDAO_ID}:\n`);
  // Names of this machine first: without the file some bases ask the network for `localhost`.
  writeFileSync(join(folder, 'nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
}

function normalise(path) {
  const status = lstatSync(path);
  if (status.isDirectory()) for (const name of readdirSync(path)) normalise(join(path, name));
  if (!status.isSymbolicLink()) chmodSync(path, status.isDirectory() || isProgram(path) ? 0o755 : 0o644);
  lutimesSync(path, epochSeconds, epochSeconds);
}

function isProgram(path) {
  return path.includes('/usr/local/bin/');
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  process.stderr.write(
    `budao: ${command} ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}\n`,
  );
  process.exit(1);
}
