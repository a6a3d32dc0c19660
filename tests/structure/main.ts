/** Checks that the repository keeps its own rules; prints what does not, one line each. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkImports, type Layers } from './import-rules.ts';
import { checkLinks } from './link-rules.ts';
import { checkManifests } from './manifest-rules.ts';
import { readSourceTree } from './source-tree.ts';
import { checkText } from './text-rules.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const layers = JSON.parse(readFileSync(new URL('layers.json', import.meta.url), 'utf8')) as Layers;

const files = readSourceTree(root);
const violations = [
  ...checkImports(files, layers),
  ...checkText(files),
  ...checkManifests(files),
  ...checkLinks(files, (path) => existsSync(join(root, path))),
];
for (const { path, line, message } of violations) process.stdout.write(`${path}:${line}: ${message}\n`);
process.stdout.write(`${files.length} files, ${violations.length} violations\n`);
process.exitCode = violations.length === 0 ? 0 : 1;
