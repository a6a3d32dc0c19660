import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Service } from '../../tests/support/service.ts';
import { documentsReady } from './first-token.ts';

const SAMPLES = fileURLToPath(new URL('../../samples/hospital', import.meta.url));
const COPIES = 12;

export interface IngestResult {
  documents: number;
  megabytes: number;
  pages: number;
  seconds: number;
}

/** The sample's documents in all formats, several times over, from upload to searchable. */
export async function measureIngest(): Promise<IngestResult> {
  await using service = await Service.start();
  const store = await service.json<{ id: string }>('POST', '/v1/vector_stores', { name: 'ingest' });
  const names = (await readdir(SAMPLES)).filter((name) => !/\.jsonl?$/.test(name));
  const files = await Promise.all(
    names.map(async (name) => ({ name, content: await readFile(`${SAMPLES}/${name}`) })),
  );
  const startedMs = performance.now();
  let bytes = 0;
  for (let copy = 0; copy < COPIES; copy++) {
    for (const { name, content } of files) {
      const form = new FormData();
      form.append('file', new Blob([new Uint8Array(content)]), `${copy}-${name}`);
      const response = await service.request('POST', `/v1/vector_stores/${store.id}/documents`, form);
      if (!response.ok) throw new Error(await response.text());
      await response.body?.cancel();
      bytes += content.length;
    }
  }
  await documentsReady(service);
  const seconds = (performance.now() - startedMs) / 1_000;
  const { data } = await service.json<{ data: { pages?: number | null }[] }>(
    'GET',
    `/v1/vector_stores/${store.id}/files?limit=100`,
  );
  const pagesPerFile = data.reduce((total, file) => total + (file.pages ?? 1), 0) / Math.max(1, data.length);
  const documents = files.length * COPIES;
  return { documents, megabytes: bytes / 1024 / 1024, pages: Math.round(pagesPerFile * documents), seconds };
}
