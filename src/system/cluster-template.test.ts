import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { clusterTemplate } from './cluster-template.ts';
import { loadConfiguration } from './configuration.ts';

async function read(template: string) {
  const folder = await mkdtemp(join(tmpdir(), 'budao-template-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'budao.yaml');
  await writeFile(file, template);
  return loadConfiguration({ BUDAO_CONFIG: file }).stores;
}

test('the template is a configuration with a shared folder, or with a bucket', async () => {
  const folder = await read(clusterTemplate({ keyFile: '/etc/key$&', files: 'folder' }));
  expect(folder).toMatchObject({ secretKeyFile: '/etc/key$&', blobs: { bucket: null } });
  expect(folder.index.folder).toBe('/mnt/budao/index');
  const bucket = await read(clusterTemplate({ keyFile: '/etc/key', files: 'bucket' }));
  expect(bucket.blobs).toMatchObject({ folder: null, bucket: { name: 'budao', prefix: 'knowledge/' } });
  expect(bucket.index.folder).toBe(null);
});

test('the place that is switched off works once its lines are no comments any more', async () => {
  const template = clusterTemplate({ keyFile: '/etc/key', files: 'bucket' });
  const switched = template
    .replaceAll(/^ {2}# ((?:blobs|index):| +folder: .*)$/gm, '  $1')
    .replace(/^ {2}blobs:\n {4}bucket:\n(?: {6}.*\n)+/m, '');
  expect((await read(switched)).blobs).toMatchObject({ folder: '/mnt/budao/blobs', bucket: null });
});
