import { setTimeout as sleep } from 'node:timers/promises';
import type { VectorStoreFileObject } from '../../contract/openai/vector-stores.ts';
import type { ServiceClient } from '../service/client.ts';
import type { LocalFile } from './collect-files.ts';

const NEWEST = 100;
/** A request whose connection broke may still be at work on the other side. */
const SECOND_LOOK_MS = 1_000;

/** The newest document of a knowledge base; ids sort by the time of their making. */
export async function newestDocumentId(client: ServiceClient, knowledgeBaseId: string): Promise<string> {
  const [newest] = await listNewest(client, knowledgeBaseId, 1);
  return newest?.id ?? '';
}

/** What a broken upload has left after all: a document of that name and size, younger than `after`. */
export async function findStored(
  client: ServiceClient,
  knowledgeBaseId: string,
  file: LocalFile,
  after: string,
): Promise<VectorStoreFileObject | null> {
  for (let look = 1; look <= 2; look++) {
    const documents = await listNewest(client, knowledgeBaseId, NEWEST);
    const found = documents.find(
      (document) =>
        document.id > after &&
        document.usage_bytes === file.bytes &&
        document.filename.normalize('NFC') === file.filename.normalize('NFC'),
    );
    if (found !== undefined) return found;
    if (look === 1) await sleep(SECOND_LOOK_MS);
  }
  return null;
}

async function listNewest(
  client: ServiceClient,
  knowledgeBaseId: string,
  limit: number,
): Promise<VectorStoreFileObject[]> {
  const path = `/v1/vector_stores/${knowledgeBaseId}/files?order=desc&limit=${limit}`;
  return (await client.json<{ data: VectorStoreFileObject[] }>('GET', path)).data;
}
