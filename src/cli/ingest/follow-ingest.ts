import { setTimeout as sleep } from 'node:timers/promises';
import type { VectorStoreFileObject } from '../../contract/openai/vector-stores.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { ServiceClient } from '../service/client.ts';

const POLL_MS = 300;
/** Documents are ingested in their order, so looking at the oldest few is enough. */
const MAX_LOOKS_PER_ROUND = 16;
/** A service that is restarted comes back long before. */
const GIVE_UP_MS = 60_000;

/** Waits until every document is ready, failed or cancelled; calls back with each that changes. */
export async function followIngest(
  client: ServiceClient,
  documents: readonly VectorStoreFileObject[],
  onLook: (document: VectorStoreFileObject) => void,
  signal: AbortSignal,
): Promise<void> {
  let pending = documents.filter((document) => document.status === 'in_progress');
  let heardMs = performance.now();
  while (pending.length > 0) {
    await sleep(POLL_MS, undefined, { signal });
    try {
      for (const document of pending.slice(0, MAX_LOOKS_PER_ROUND)) {
        const seen = await lookAt(client, document, signal);
        onLook(seen);
        if (seen.status !== 'in_progress') pending = pending.filter((other) => other.id !== seen.id);
      }
      heardMs = performance.now();
    } catch (error) {
      const isPassing = error instanceof CliError && error.exitCode === EXIT.unreachable;
      if (!isPassing || performance.now() - heardMs > GIVE_UP_MS) throw error;
    }
  }
}

async function lookAt(
  client: ServiceClient,
  document: VectorStoreFileObject,
  signal: AbortSignal,
): Promise<VectorStoreFileObject> {
  const { id, vector_store_id: knowledgeBaseId } = document;
  try {
    return await client.json('GET', `/v1/vector_stores/${knowledgeBaseId}/files/${id}`, undefined, {
      signal,
    });
  } catch (error) {
    // Someone has taken it out meanwhile.
    if (error instanceof CliError && error.exitCode === EXIT.refused) {
      return { ...document, status: 'cancelled', last_error: { code: error.code, message: error.message } };
    }
    throw error;
  }
}
