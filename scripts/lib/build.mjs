import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnNode } from './spawn-node.mjs';

const PARTS = [
  {
    name: 'server',
    output: 'dist',
    sources: ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'],
    command: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
    folder: '.',
  },
  {
    name: 'console',
    output: 'console/dist',
    sources: [
      'console/src',
      'console/index.html',
      'console/vite.config.ts',
      'console/public',
      'package-lock.json',
    ],
    command: ['../node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn'],
    folder: 'console',
  },
];

/** Builds the parts whose sources differ from those of their last build. */
export async function ensureBuilt(root) {
  // A program out of a kit comes built, and without its sources.
  if (!existsSync(join(root, 'src'))) return;
  const stale = PARTS.map((part) => ({ ...part, stamp: hashSources(root, part.sources) })).filter(
    (part) => readStamp(root, part) !== part.stamp,
  );
  if (stale.length === 0) return;
  process.stderr.write(`budao: building ${stale.map((part) => part.name).join(' and ')} …\n`);
  for (const part of stale) await build(root, part);
}

async function build(root, part) {
  if (part.output === 'dist') rmSync(join(root, part.output), { recursive: true, force: true });
  const [script, ...args] = part.command;
  const child = spawnNode(root, [join(root, part.folder, script), ...args], {
    cwd: join(root, part.folder),
    stdio: ['ignore', 2, 2],
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) {
    process.stderr.write(`budao: building the ${part.name} failed; the lines above say why.\n`);
    process.exit(2);
  }
  mkdirSync(join(root, part.output), { recursive: true });
  writeFileSync(stampPath(root, part), part.stamp);
}

function stampPath(root, part) {
  return join(root, part.output, '.built-from');
}

function readStamp(root, part) {
  const path = stampPath(root, part);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

function hashSources(root, sources) {
  const hash = createHash('sha256');
  for (const source of sources)
    for (const file of filesBelow(join(root, source))) hash.update(file).update(readFileSync(file));
  return hash.digest('hex');
}

function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .flatMap((entry) => filesBelow(join(path, entry.name)))
    .filter((file) => !/\.(test|suite)\.tsx?$/.test(file));
}
