import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseMessages } from '../language/messages.ts';
import { collectFiles } from './collect-files.ts';

const messages = chooseMessages('en', {});
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-collect-'));
  await mkdir(join(folder, '.git', 'hooks'), { recursive: true });
  await mkdir(join(folder, 'rules'));
  await writeFile(join(folder, '.git', 'config'), 'url = https://user:password@host');
  await writeFile(join(folder, '.git', 'hooks', 'update'), 'x');
  await writeFile(join(folder, 'rules', 'leave.md'), 'x');
  await writeFile(join(folder, 'rules', '.draft.md'), 'x');
  await writeFile(join(folder, 'readme.md'), 'x');
});
afterEach(async () => rm(folder, { recursive: true }));

test('hidden files and folders stay at home, however the folder is written', async () => {
  const name = relative(process.cwd(), folder);
  for (const path of [folder, `${folder}/`, `${folder}/./`, name, `./${name}`, `${folder}/rules/..`]) {
    const files = await collectFiles([path], messages);
    expect(files.map((file) => file.filename).sort(), path).toEqual(['leave.md', 'readme.md']);
  }
});
