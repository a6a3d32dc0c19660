import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPTS = fileURLToPath(new URL('.', import.meta.url));
let root = '';
let node = '';

/** A checkout whose program is built; `--help` asks neither for packages nor for a build. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'budao-up-'));
  node = join(root, 'node_modules/node/bin/node');
  cpSync(SCRIPTS, join(root, 'scripts'), { recursive: true });
  for (const folder of ['dist/system', 'node_modules/node/bin'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'dist/system/main.js'), '');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function up() {
  const child = spawn(process.execPath, [join(root, 'scripts/up.mjs'), '--help'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const output = await text(child.stderr);
  return { code: await ended, output };
}

test('a Node that may not be executed is said so in one line, and nothing is tried again', async () => {
  writeFileSync(node, '');
  chmodSync(node, 0o644);
  const { code, output } = await up();
  expect(code).toBe(2);
  expect(output).toMatch(/^budao: Node \(.*\/node\) cannot be started \(EACCES\)\. .*chmod \+x.*\n$/);
});

test('a Node that goes missing while the service runs is waited for', async () => {
  // Ends at once as if killed, and is gone by the time that it is to be started again.
  const second = `#!/bin/sh\nexit 0\n`;
  writeFileSync(
    node,
    `#!/bin/sh\nchmod -x "$0"\n(sleep 0.3; printf '%s' '${second}' > "$0"; chmod +x "$0") >/dev/null 2>&1 &\nexit 7\n`,
  );
  chmodSync(node, 0o755);
  const { code, output } = await up();
  expect(output).toMatch(
    /the supervisor ended \(code 7\); starting it again\n.*cannot be started \(EACCES\)/s,
  );
  expect(code).toBe(0);
});
