import { setPriority } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { BudaoError } from '../../contract/errors.ts';
import type { extract } from './extract.ts';
import type { Block, ExtractedDocument } from './extracted-document.ts';
import type { GuardOptions } from './parser-guard.ts';
import type { ParserMessage, ParserRequest } from './parser-protocol.ts';
import { crashedDocument } from './refusals.ts';

/** Characters per message: a few milliseconds of work for the process that reads it. */
const batchCharacters = 64 * 1024;
/** Answering goes before parsing when both want the same core. */
const backgroundPriority = 10;

/** The parser process's side of the protocol: takes requests from its parent until that one lets go. */
export function serveJobs(parse: typeof extract, maxResidentBytes: number): void {
  startGuard({ parentPid: process.ppid, maxResidentBytes });
  try {
    setPriority(backgroundPriority);
  } catch {
    // Some sandboxes forbid it; then parsing competes on equal terms.
  }
  // Libraries leave background work behind when a document is refused; its failure changes no result.
  process.on('unhandledRejection', (reason) => process.stderr.write(`unhandled: ${String(reason)}\n`));
  process.on('message', (request: ParserRequest) => {
    void answer(parse, request);
  });
  void send({ type: 'ready' });
}

async function answer(parse: typeof extract, request: ParserRequest): Promise<void> {
  const { id } = request;
  try {
    const { blocks, ...document } = await parse(
      request.path,
      request.filename,
      request.limits,
      request.sha256,
    );
    await sendBlocks(id, blocks);
    await send({ type: 'done', id, document });
  } catch (error) {
    const refused = error instanceof BudaoError ? error : unexpected(error);
    await send({ type: 'refused', id, kind: refused.kind, code: refused.code, message: refused.message });
  }
}

async function sendBlocks(id: number, blocks: ExtractedDocument['blocks']): Promise<void> {
  let batch: Block[] = [];
  let characters = 0;
  for (const block of blocks) {
    batch.push(block);
    characters += block.text.length;
    if (characters < batchCharacters) continue;
    await send({ type: 'blocks', id, blocks: batch });
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) await send({ type: 'blocks', id, blocks: batch });
}

function send(message: ParserMessage): Promise<void> {
  return new Promise((resolve) => {
    // A parent that is gone needs no answer; the guard and the disconnect end this process.
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

function unexpected(error: unknown): BudaoError {
  const detail = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${error instanceof Error ? error.stack : detail}\n`);
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new BudaoError(
      'internal',
      'blob_missing',
      'The stored bytes of the document are gone. Upload it again.',
    );
  }
  return crashedDocument(detail, error);
}

function startGuard(options: GuardOptions): void {
  const entry = new URL(`./parser-guard${extname(import.meta.url)}`, import.meta.url);
  const guard = new Worker(entry, { workerData: options, resourceLimits: { maxOldGenerationSizeMb: 16 } });
  guard.unref();
}
