import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { probeSharedFolder } from './shared-folder-probe.ts';

const PATIENT_MS = 30_000;

test('a sound folder is usable, and has nothing left of the probe', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'budao-shared-'));
  try {
    const found = await probeSharedFolder({ folder, timeoutMs: PATIENT_MS });
    expect(found).toMatchObject({ isUsable: true, detail: '' });
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a folder that is not there says so', async () => {
  const found = await probeSharedFolder({ folder: '/nowhere/at/all', timeoutMs: PATIENT_MS });
  expect(found).toMatchObject({ isUsable: false, detail: expect.stringContaining('ENOENT') });
});

test('a mount that hangs is told within the time limit, while this process goes on', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'budao-shared-'));
  let turns = 0;
  const turning = setInterval(() => (turns += 1), 5);
  try {
    // Every sync stays in the kernel, as on a mount whose server is gone.
    const hanging = [
      'strace',
      '-f',
      '-q',
      '-o',
      '/dev/null',
      '-e',
      'trace=fsync',
      '-e',
      'inject=fsync:delay_enter=60000000',
    ];
    const command = [...hanging, process.execPath];
    const found = await probeSharedFolder({ folder, timeoutMs: 1_500, command });
    expect(found).toMatchObject({ isUsable: false, detail: expect.stringContaining('does not answer') });
    expect(turns).toBeGreaterThan(50);
  } finally {
    clearInterval(turning);
    await rm(folder, { recursive: true, force: true });
  }
});

test.each([
  ['rename', 'EIO', /a rename does not replace|written and synced/],
  ['link,linkat', 'EOPNOTSUPP', /hard links/],
  ['fsync', 'EIO', /synced \(EIO\)/],
])('a folder whose %s fails with %s says what is wrong with it', async (calls, error, detail) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'budao-shared-'));
  try {
    const failing = [
      'strace',
      '-f',
      '-q',
      '-o',
      '/dev/null',
      '-e',
      `trace=${calls}`,
      '-e',
      `inject=${calls}:error=${error}`,
    ];
    const command = [...failing, process.execPath];
    const found = await probeSharedFolder({ folder, timeoutMs: PATIENT_MS, command });
    expect(found).toMatchObject({ isUsable: false, detail: expect.stringMatching(detail) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
