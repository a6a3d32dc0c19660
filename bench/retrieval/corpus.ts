/** A folder of documents, read and indexed the way the product does it, in a folder that goes away afterwards. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chunkDocument, DEFAULT_CHUNK_OPTIONS } from '../../src/knowledge/chunk/chunk-document.ts';
import { extract } from '../../src/knowledge/extract/extract.ts';
import type { ExtractedDocument } from '../../src/knowledge/extract/extracted-document.ts';
import { defaultExtractionLimits } from '../../src/knowledge/extract/limits.ts';
import type { Attributes } from '../../src/knowledge/library/memberships.ts';
import type { ChunkIndex, IndexedChunk } from '../../src/knowledge/ports.ts';
import type { SearchTarget } from '../../src/knowledge/search/searcher.ts';
import { openLanceDbIndex } from '../../src/stores/index/lancedb-index.ts';
import { BaselineIndex } from './baseline.ts';

const DOCUMENTS_PER_COMMIT = 50;
const DOCUMENT = /\.(?:md|txt|html?|pdf|docx|xlsx|pptx|csv|epub)$/i;

const MANIFEST = 'manifest.json';

export interface Corpus extends AsyncDisposable {
  index: ChunkIndex;
  target: SearchTarget;
  baseline: BaselineIndex;
  /** Text by file name, as extracted, headings marked with #. */
  texts: Map<string, string>;
  /** What the folder's manifest.json notes on its documents, by file name. */
  attributes: Map<string, Attributes>;
  chunks: number;
}

export async function indexFolder(folder: string): Promise<Corpus> {
  const directory = await mkdtemp(path.join(tmpdir(), 'budao-retrieval-'));
  const index = await openLanceDbIndex({ directory });
  const target = { knowledgeBaseId: 'bench', generation: { id: 'bench', dimension: null } };
  const baseline = new BaselineIndex();
  const texts = new Map<string, string>();
  let chunks = 0;
  const names = (await readdir(folder)).filter((name) => DOCUMENT.test(name)).sort();
  if (names.length === 0) throw new Error(`${folder} holds no document that can be read.`);
  for (let start = 0; start < names.length; start += DOCUMENTS_PER_COMMIT) {
    const documents = [];
    for (const name of names.slice(start, start + DOCUMENTS_PER_COMMIT)) {
      const file = path.join(folder, name);
      const extracted = await extract(file, name, defaultExtractionLimits);
      const text = textOf(extracted);
      texts.set(name, text);
      baseline.add(name, text);
      const document = { documentId: name, chunks: chunksOf(name, extracted) };
      chunks += document.chunks.length;
      documents.push(document);
    }
    await index.replaceDocuments(target.knowledgeBaseId, target.generation, documents);
  }
  await index.optimize(target.knowledgeBaseId, target.generation);
  return {
    index,
    target,
    baseline,
    texts,
    attributes: await attributesIn(folder),
    chunks,
    async [Symbol.asyncDispose]() {
      await index[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function attributesIn(folder: string): Promise<Map<string, Attributes>> {
  const text = await readFile(path.join(folder, MANIFEST), 'utf8').catch(() => '{"documents":[]}');
  const { documents } = JSON.parse(text) as { documents: { file: string; attributes?: Attributes }[] };
  return new Map(documents.map(({ file, attributes = {} }) => [file, attributes]));
}

function textOf({ blocks }: ExtractedDocument): string {
  return blocks.map(({ kind, text }) => (kind === 'heading' ? `# ${text}` : text)).join('\n');
}

function chunksOf(name: string, extracted: ExtractedDocument): IndexedChunk[] {
  return chunkDocument(name, extracted, DEFAULT_CHUNK_OPTIONS).map((chunk) =>
    Object.assign(chunk, { vector: null }),
  );
}
