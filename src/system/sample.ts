import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { currentGeneration } from '../knowledge/ingest/generation.ts';
import { createDocument } from '../knowledge/library/documents.ts';
import { createKnowledgeBase } from '../knowledge/library/knowledge-bases.ts';
import { addDocument } from '../knowledge/library/memberships.ts';
import type { BlobStore, Embedder } from '../knowledge/ports.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scopeSql } from '../ledger/scope.ts';

const SAMPLE_FOLDER = new URL('../../samples/hospital/', import.meta.url);
const MAX_SAMPLE_BYTES = 16 * 1024 * 1024;
const SAMPLE_LOADED = 'sample.loaded';

const Manifest = z.object({
  name: z.object({ zh: z.string(), en: z.string() }),
  description: z.object({ zh: z.string(), en: z.string() }),
  suggestedQuestions: z.array(z.object({ question: z.string() })),
  documents: z.array(
    z.object({
      file: z.string(),
      attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
    }),
  ),
});

/** Loads the sample knowledge base once. Killed half way it starts again; deleted by a person it stays deleted. */
export async function loadSample(dependencies: {
  ledger: Ledger;
  blobs: BlobStore;
  /** Asked only where the sample is still to be loaded. */
  usableEmbedder(): Promise<Embedder | null>;
  workspaceId: string;
}): Promise<boolean> {
  const { ledger, blobs, workspaceId } = dependencies;
  const loaded = await ledger.read.get('SELECT 1 AS one FROM setting WHERE name = :name', {
    name: SAMPLE_LOADED,
  });
  if (loaded !== undefined) return false;
  const manifest = Manifest.parse(
    JSON.parse(await readFile(new URL('manifest.json', SAMPLE_FOLDER), 'utf8')),
  );
  const stored: {
    filename: string;
    sha256: string;
    bytes: number;
    attributes: Record<string, string | number | boolean>;
  }[] = [];
  for (const { file, attributes } of manifest.documents) {
    const content = createReadStream(fileURLToPath(new URL(encodeURIComponent(file), SAMPLE_FOLDER)));
    stored.push({
      filename: file,
      attributes,
      ...(await blobs.put(content, { maxBytes: MAX_SAMPLE_BYTES })),
    });
  }
  const generation = currentGeneration(await dependencies.usableEmbedder());
  const now = ledgerTime();
  await ledger.transaction(async (tx) => {
    const scoped = scopeSql(tx, workspaceId);
    const knowledgeBaseId = await createKnowledgeBase(
      scoped,
      {
        name: `示例：${manifest.name.zh} / Sample: ${manifest.name.en}`,
        description: `${manifest.description.zh} / ${manifest.description.en}`,
        metadata: {
          suggested_questions: manifest.suggestedQuestions.map(({ question }) => question).join('\n'),
        },
        generation,
      },
      now,
    );
    for (const { filename, sha256, bytes, attributes } of stored) {
      const document = await createDocument(
        scoped,
        { filename, sha256, bytes, purpose: 'assistants', accountId: null },
        now,
      );
      await addDocument(tx, workspaceId, { knowledgeBaseId, documentId: document.id, attributes }, now);
    }
    await tx.run('INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now)', {
      name: SAMPLE_LOADED,
      value: knowledgeBaseId,
      now,
    });
  });
  return true;
}
