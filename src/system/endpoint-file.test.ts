import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DataFolder, dataFolderAt } from './data-folder.ts';
import { forgetEndpoint, readEndpoint, rememberEndpoint } from './endpoint-file.ts';

let folder: DataFolder;
beforeEach(async () => {
  folder = dataFolderAt(await mkdtemp(join(tmpdir(), 'budao-endpoint-')));
});
afterEach(() => rm(folder.path, { recursive: true }));

it('tells tools on this machine where the service listens, until it is stopped', async () => {
  expect(await readEndpoint(folder)).toBeNull();
  await rememberEndpoint(folder, 'http://127.0.0.1:7860');
  await rememberEndpoint(folder, 'http://127.0.0.1:7861');
  expect(await readEndpoint(folder)).toBe('http://127.0.0.1:7861');
  await forgetEndpoint(folder);
  expect(await readEndpoint(folder)).toBeNull();
});

it.each(['', 'not json', '{"url":7}'])('takes %j for no address', async (content) => {
  await writeFile(join(folder.path, 'endpoint.json'), content);
  expect(await readEndpoint(folder)).toBeNull();
});
