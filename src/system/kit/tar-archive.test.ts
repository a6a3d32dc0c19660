import { execFileSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FileEntry, readTar, tarOf, writeAll } from './tar-archive.ts';

const LONG = `${'folder/'.repeat(18)}${'x'.repeat(90)}.js`;
const CONTENTS: Record<string, string> = { 'a.txt': '', 'b/说明.txt': '不倒', [LONG]: 'y'.repeat(70_000) };

let place: string;
let entries: FileEntry[];
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-tar-'));
  entries = [];
  for (const [name, content] of Object.entries(CONTENTS)) {
    const path = join(place, 'in', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    entries.push({ name, path, bytes: Buffer.byteLength(content), isExecutable: name === 'a.txt' });
  }
});
afterEach(() => rm(place, { recursive: true, force: true }));

test('an archive is unpacked by the tar of any system, long and Chinese names too', async () => {
  const archive = join(place, 'kit.tar');
  await writeAll(tarOf(entries), createWriteStream(archive));
  await mkdir(join(place, 'out'));
  execFileSync('tar', ['-xf', archive, '-C', join(place, 'out')]);
  for (const [name, content] of Object.entries(CONTENTS))
    expect(await readFile(join(place, 'out', name), 'utf8')).toBe(content);
});

test('is read back as it was written, whatever the pieces, and is an error where it is cut off', async () => {
  const whole = await buffer(tarOf(entries));
  const inPieces = async function* (bytes: Buffer): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
  };
  const read: Record<string, string> = {};
  for await (const { name, content } of readTar(inPieces(whole)))
    read[name] = (await buffer(content)).toString();
  expect(read).toEqual(CONTENTS);
  const cut = async (): Promise<void> => {
    for await (const { content } of readTar(inPieces(whole.subarray(0, 20_000)))) await buffer(content);
  };
  await expect(cut()).rejects.toMatchObject({ code: 'kit_damaged' });
});
