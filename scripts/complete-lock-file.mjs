// Adds to package-lock.json what `npm install` leaves out when a registry lacks a package for another platform.
// `npm ci` refuses a lock file with gaps, on every machine. Run it after each change of the dependencies.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lockFileGaps } from './lib/lock-file-gaps.mjs';

const path = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(path, 'utf8'));

const gaps = lockFileGaps(lock.packages);
for (const { name, entry } of gaps) lock.packages[`node_modules/${name}`] = entry;
const sorted = Object.entries(lock.packages).sort(([left], [right]) => left.localeCompare(right, 'en'));
if (gaps.length > 0) {
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}
process.stdout.write(`${gaps.length} packages for other platforms added to package-lock.json\n`);
