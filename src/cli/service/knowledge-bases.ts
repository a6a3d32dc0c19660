import type { VectorStoreObject } from '../../contract/openai/vector-stores.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { Messages } from '../language/messages.ts';
import type { ServiceClient } from './client.ts';
import { readPages } from './pages.ts';

const MAX_NAMES_SHOWN = 8;

/** Null when no knowledge base has that id or name. @throws CliError knowledge_base_ambiguous */
export async function findKnowledgeBase(
  client: ServiceClient,
  messages: Messages,
  idOrName: string,
): Promise<VectorStoreObject | null> {
  const all = await listKnowledgeBases(client);
  const byId = all.find((base) => base.id === idOrName);
  if (byId !== undefined) return byId;
  const exact = all.filter((base) => base.name === idOrName);
  const wanted = fold(idOrName);
  const named = exact.length > 0 ? exact : all.filter((base) => fold(base.name) === wanted);
  if (named.length > 1) {
    const ids = named.map((base) => base.id).join(', ');
    throw new CliError(
      EXIT.usage,
      'knowledge_base_ambiguous',
      messages.errors.knowledgeBaseAmbiguous(idOrName, ids),
      { hint: messages.hints.giveId },
    );
  }
  return named[0] ?? null;
}

/** The named knowledge base, or the workspace's default. @throws CliError knowledge_base_not_found */
export async function requireKnowledgeBase(
  client: ServiceClient,
  messages: Messages,
  idOrName: string | undefined,
): Promise<VectorStoreObject> {
  const found =
    idOrName === undefined
      ? (await listKnowledgeBases(client)).find((base) => base.is_default)
      : await findKnowledgeBase(client, messages, idOrName);
  if (found !== undefined && found !== null) return found;
  const names = (await listKnowledgeBases(client)).map((base) => base.name).slice(0, MAX_NAMES_SHOWN);
  throw new CliError(
    EXIT.refused,
    'knowledge_base_not_found',
    idOrName === undefined
      ? messages.errors.noKnowledgeBase
      : messages.errors.knowledgeBaseNotFound(idOrName),
    { hint: names.length === 0 ? messages.hints.ingestFirst : messages.hints.knownBases(names.join(', ')) },
  );
}

async function listKnowledgeBases(client: ServiceClient): Promise<VectorStoreObject[]> {
  return Array.fromAsync(readPages<VectorStoreObject>(client, '/v1/vector_stores'));
}

function fold(name: string): string {
  return name.normalize('NFKC').toLowerCase().trim();
}
