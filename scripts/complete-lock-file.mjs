// Adds to package-lock.json what `npm install` leaves out when a registry lacks a package for another platform.
// `npm ci` refuses a lock file with gaps, on every machine. Run it after each change of the dependencies; with --check
// it changes nothing and fails when there are gaps.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lockFileGaps } from './lib/lock-file-gaps.mjs';

const path = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(path, 'utf8'));

const gaps = lockFileGaps(lock.packages);
if (gaps.length === 0) {
  process.stdout.write('package-lock.json lists the packages of all platforms\n');
} else if (process.argv.includes('--check')) {
  const names = gaps.map(({ name }) => `  ${name}\n`).join('');
  process.stdout.write(`${names}missing from package-lock.json: run node scripts/complete-lock-file.mjs\n`);
  process.exitCode = 1;
} else {
  for (const { name, entry } of gaps) lock.packages[`node_modules/${name}`] = entry;
  const sorted = Object.entries(lock.packages).sort(([left], [right]) => left.localeCompare(right, 'en'));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
  process.stdout.write(`${gaps.length} packages for other platforms added to package-lock.json\n`);
}
