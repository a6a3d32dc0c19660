import type { VectorStoreFileObject, VectorStoreObject } from '../../contract/openai/vector-stores.ts';
import { asCliError, CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { collectFiles, type LocalFile } from '../ingest/collect-files.ts';
import { followIngest } from '../ingest/follow-ingest.ts';
import { forEachConcurrently } from '../ingest/for-each-concurrently.ts';
import { createProgress, type Progress } from '../ingest/progress.ts';
import { uploadFile } from '../ingest/upload-file.ts';
import { type Attributes, parseAttributes } from '../service/attributes.ts';
import type { ServiceClient } from '../service/client.ts';
import { findKnowledgeBase, requireKnowledgeBase } from '../service/knowledge-bases.ts';
import { connect } from '../service/locate.ts';
import { readPages } from '../service/pages.ts';
import { formatBytes } from '../terminal/format-bytes.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import type { AddCommand } from './add-command.ts';

const CONCURRENCY = 4;

interface IngestOptions {
  kb?: string;
  attribute: string[];
  replace?: boolean;
  dryRun?: boolean;
}

/** One file on its way; the summary and the JSON are made of these. */
interface Item {
  file: LocalFile;
  /** The document of the same name that it takes the place of. */
  replaces: VectorStoreFileObject | null;
  document: VectorStoreFileObject | null;
  error: { code: string; message: string } | null;
}

export const addIngestCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.ingest;
  program
    .command('ingest')
    .description(t.description)
    .argument('<path...>', t.path)
    .option('--kb <id|name>', t.kb)
    .option('--attribute <key=value>', t.attribute, (pair: string, all: string[]) => [...all, pair], [])
    .option('--replace', t.replace)
    .option('--dry-run', t.dryRun)
    .addHelpText(
      'after',
      messages.example('budao ingest handbook/ --kb "Hospital handbook" --attribute department=IT'),
    )
    .action(
      action((context, [paths, options]) => ingest(context, paths as string[], options as IngestOptions)),
    );
};

async function ingest(context: CliContext, paths: string[], options: IngestOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const attributes = parseAttributes(options.attribute, messages);
  const files = await collectFiles(paths, messages);
  if (files.length === 0) {
    throw new CliError(EXIT.usage, 'no_files', messages.errors.noFiles(paths.join(', ')), {
      hint: messages.hints.checkPath,
    });
  }
  await using client = await connect(context);
  const base = await targetOf(context, client, options);
  const items = await planItems(client, files, base, options.replace === true);
  if (options.dryRun === true) {
    terminal.result(planJson(base, options, items), () => planInWords(context, base, options, items));
    return EXIT.ok;
  }
  // Ctrl+C ends the waiting; what has been uploaded goes on being ingested.
  using interrupt = new Interrupt();
  const { signal } = interrupt;
  const target = base ?? (await createKnowledgeBase(client, options.kb));
  try {
    using progress = createProgress(terminal);
    await uploadAll(context, client, items, { target, attributes, progress, signal });
    await followAll(context, client, items, progress, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    terminal.note(messages.ingest.interrupted);
  }
  terminal.result(summaryJson(target, items), () => summaryInWords(context, target, items));
  if (signal.aborted) return EXIT.interrupted;
  return items.every((item) => item.document?.status === 'completed') ? EXIT.ok : EXIT.failed;
}

/** Null for a knowledge base that is to be created under the name given. */
async function targetOf(
  { messages }: CliContext,
  client: ServiceClient,
  { kb }: IngestOptions,
): Promise<VectorStoreObject | null> {
  if (kb === undefined) return requireKnowledgeBase(client, messages, undefined);
  if (/^vs_\w+$/.test(kb)) return requireKnowledgeBase(client, messages, kb);
  return findKnowledgeBase(client, messages, kb);
}

async function createKnowledgeBase(
  client: ServiceClient,
  name: string | undefined,
): Promise<VectorStoreObject> {
  return client.json('POST', '/v1/vector_stores', name === undefined ? {} : { name });
}

/** Replaces only what was there before: two files of one name in two folders are two documents. */
async function planItems(
  client: ServiceClient,
  files: readonly LocalFile[],
  base: VectorStoreObject | null,
  isReplacing: boolean,
): Promise<Item[]> {
  const known = new Map<string, VectorStoreFileObject>();
  if (isReplacing && base !== null) {
    const path = `/v1/vector_stores/${base.id}/files?order=asc`;
    for await (const document of readPages<VectorStoreFileObject>(client, path))
      known.set(document.filename.normalize('NFC'), document);
  }
  return files.map((file) => {
    const name = file.filename.normalize('NFC');
    const replaces = known.get(name) ?? null;
    known.delete(name);
    return { file, replaces, document: null, error: null };
  });
}

async function uploadAll(
  { messages }: CliContext,
  client: ServiceClient,
  items: readonly Item[],
  to: { target: VectorStoreObject; attributes: Attributes; progress: Progress; signal: AbortSignal },
): Promise<void> {
  const { target, attributes, progress, signal } = to;
  const totalBytes = items.reduce((sum, item) => sum + item.file.bytes, 0);
  let sentBytes = 0;
  progress.begin(messages.ingest.uploading, totalBytes);
  await forEachConcurrently(items, CONCURRENCY, async (item) => {
    const onBytes = (count: number): void => {
      sentBytes += count;
      progress.update(sentBytes, `${formatBytes(sentBytes)} / ${formatBytes(totalBytes)}`);
    };
    const { file, replaces } = item;
    try {
      item.document = await uploadFile(client, file, {
        knowledgeBaseId: target.id,
        // What takes a document's place keeps its attributes, except those that are given anew.
        attributes: { ...replaces?.attributes, ...attributes },
        replaces: replaces?.id ?? null,
        onBytes,
        signal,
        messages,
      });
    } catch (error) {
      signal.throwIfAborted();
      const { code, message, exitCode } = asCliError(error);
      const hint = exitCode === EXIT.unreachable ? ` ${messages.ingest.againWithReplace}` : '';
      item.error = { code, message: message + hint };
    }
  });
}

async function followAll(
  { messages }: CliContext,
  client: ServiceClient,
  items: readonly Item[],
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const byId = new Map(items.flatMap((item) => (item.document === null ? [] : [[item.document.id, item]])));
  progress.begin(messages.ingest.ingesting, byId.size);
  const onLook = (document: VectorStoreFileObject): void => {
    const item = byId.get(document.id);
    if (item !== undefined) item.document = document;
    const all = [...byId.values()].map((one) => one.document);
    const done = all.reduce((sum, one) => sum + fractionOf(one), 0);
    const settled = all.filter((one) => one?.status !== 'in_progress').length;
    progress.update(done, `${settled} / ${all.length}`);
  };
  const documents = [...byId.values()].flatMap((item) => item.document ?? []);
  await followIngest(client, documents, onLook, signal);
}

function fractionOf(document: VectorStoreFileObject | null): number {
  return document?.status === 'in_progress' ? document.progress.fraction : 1;
}

function planJson(base: VectorStoreObject | null, { kb }: IngestOptions, items: readonly Item[]) {
  return {
    dry_run: true,
    knowledge_base: { id: base?.id ?? null, name: base?.name ?? kb ?? null, is_new: base === null },
    files: items.map(({ file, replaces }) => ({
      path: file.path,
      bytes: file.bytes,
      replaces: replaces?.id ?? null,
    })),
  };
}

function planInWords(
  { messages, terminal }: CliContext,
  base: VectorStoreObject | null,
  { kb }: IngestOptions,
  items: readonly Item[],
): string {
  const t = messages.ingest;
  const rows = items.map(({ file, replaces }) => [
    file.path,
    formatBytes(file.bytes),
    replaces === null ? t.isNew : t.replaces(replaces.id),
  ]);
  const columns = [
    { title: t.file, mayCut: true },
    { title: t.size, align: 'right' as const },
    { title: t.action },
  ];
  const target = base === null ? t.wouldCreate(kb ?? '') : t.into(base.name);
  return `${terminal.table(columns, rows)}\n${target} ${t.nothingWritten}\n`;
}

function summaryJson(target: VectorStoreObject, items: readonly Item[]) {
  const files = items.map(({ file, document, error, replaces }) => ({
    path: file.path,
    filename: document?.filename ?? file.filename,
    id: document?.id ?? null,
    status: document?.status ?? 'failed',
    replaces: replaces?.id ?? null,
    pages: document?.pages ?? null,
    chunks: document?.chunk_count ?? 0,
    warnings: document?.warnings ?? [],
    error: error ?? document?.last_error ?? null,
  }));
  return {
    knowledge_base: { id: target.id, name: target.name },
    completed: files.filter((file) => file.status === 'completed').length,
    failed: files.filter((file) => file.status !== 'completed').length,
    files,
  };
}

function summaryInWords(
  { messages, terminal }: CliContext,
  target: VectorStoreObject,
  items: readonly Item[],
): string {
  const t = messages.ingest;
  const summary = summaryJson(target, items);
  const rows = summary.files.map((file) => [
    file.path,
    t.status[file.status],
    file.pages === null ? '' : String(file.pages),
    String(file.chunks),
    file.error?.message ?? file.warnings.join('; '),
  ]);
  const columns = [
    { title: t.file, mayCut: true },
    { title: t.state },
    { title: t.pages, align: 'right' as const },
    { title: t.chunks, align: 'right' as const },
    { title: t.remark, mayCut: true },
  ];
  const table = terminal.table(columns, rows);
  return `${table}\n${t.summary(summary.completed, summary.failed, target.name)}\n`;
}
