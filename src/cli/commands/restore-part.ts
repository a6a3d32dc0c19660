/** `budao restore --knowledge-base K` and the like: a part of a snapshot, beside what is there. */
import type { PartKind, PartReport, PartSelector } from '../../system/backup/part/part.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createProgress } from '../ingest/progress.ts';
import { loadSettings } from '../service/settings.ts';
import { formatBytes } from '../terminal/format-bytes.ts';
import { formatTime } from '../terminal/format-time.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { withoutControls } from '../terminal/one-line.ts';

export interface PartOptions {
  repo?: string;
  from?: string;
  key: string;
  snapshot?: string;
  to?: string;
  config?: string;
  dryRun?: boolean;
  replace?: boolean;
  workspace?: string;
  knowledgeBase?: string;
  conversation?: string;
  document?: string;
  into?: string;
  as?: string;
}

/** Null where the whole is meant. @throws CliError where the options contradict each other */
export function selectorOf({ messages }: CliContext, options: PartOptions): PartSelector | null {
  const { workspace, knowledgeBase, conversation, document, into, as, replace, to } = options;
  const named: [PartKind, string | undefined][] = [
    ['workspace', workspace],
    ['knowledge_base', knowledgeBase],
    ['conversation', conversation],
    ['document', document],
  ];
  const [first, ...others] = named.flatMap(([kind, name]) => (name === undefined ? [] : [{ kind, name }]));
  const t = messages.restore.part;
  if (others.length > 0) throw new CliError(EXIT.usage, 'options_contradict', t.oneOnly);
  if (first === undefined) {
    if (into === undefined && as === undefined) return null;
    throw new CliError(EXIT.usage, 'options_contradict', t.needsPart);
  }
  if (to !== undefined) throw new CliError(EXIT.usage, 'options_contradict', t.noTime);
  if (replace === true) throw new CliError(EXIT.usage, 'options_contradict', t.noReplace);
  return first;
}

export async function restorePart(
  context: CliContext,
  options: PartOptions,
  selector: PartSelector,
): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.restore.part;
  const configuration = loadSettings(context, options.config);
  const dryRun = options.dryRun === true;
  // The engines are for this command alone.
  const { requestPart } = await import('../../system/backup/part/request-part.ts');
  using interrupt = new Interrupt();
  using progress = createProgress(terminal);
  let phase = '';
  try {
    const report = await requestPart({
      configuration,
      keyFile: options.key,
      selector,
      repository: options.repo ?? options.from ?? null,
      snapshotId: options.snapshot ?? null,
      into: options.into ?? null,
      restorer: options.as ?? null,
      dryRun,
      signal: interrupt.signal,
      onProgress(now) {
        if (now.phase !== phase) progress.begin(t.phases[now.phase], Math.max(1, now.total));
        phase = now.phase;
        progress.update(now.done, now.bytes === 0 ? '' : formatBytes(now.bytes));
      },
    });
    progress[Symbol.dispose]();
    terminal.result({ dryRun, ...report }, () => inWords(context, report, dryRun));
    return EXIT.ok;
  } catch (error) {
    if (!interrupt.hasHappened) throw error;
    progress[Symbol.dispose]();
    terminal.note(t.cancelled);
    return EXIT.interrupted;
  }
}

function inWords({ messages, terminal }: CliContext, report: PartReport, dryRun: boolean): string {
  const t = messages.restore.part;
  const { snapshot, what, workspace, documents, conversations, knowledgeBases, blobs } = report;
  const counted = (
    [
      [t.knowledgeBases, knowledgeBases],
      [t.documents, documents],
      [t.conversations, conversations],
    ] as const
  )
    .filter(([, { back, copy, there }]) => back + copy + there > 0)
    .map(([name, { back, copy, there }]) => t.counts(name, back, copy, there));
  const isNothing = [documents, conversations, knowledgeBases].every(({ back, copy }) => back + copy === 0);
  const lines = [
    t.source(snapshot.id, formatTime(snapshot.createdAt / 1000), report.repositories.join(', ')),
    report.isOfAnother ? t.ofAnother(snapshot.installationId) : '',
    ...report.troubles.map(({ repository, message }) =>
      messages.restore.trouble(repository, withoutControls(message)),
    ),
    (dryRun ? t.would : t.did)(t.kinds[what.kind], withoutControls(what.name), workspace.name),
    workspace.isNew ? t.newWorkspace(workspace.name) : '',
    ...counted,
    ...report.items
      .filter(({ fate }) => fate === 'copy')
      .map(({ kind, name, from, id }) => t.renamed(t.kinds[kind], withoutControls(name), from, id)),
    t.contents(blobs.needed, formatBytes(blobs.bytes), blobs.there),
    ...report.people.map(({ name, from, toName, things }) => t.moved(name ?? from, things, toName)),
    ...report.leftOut.map(({ name, reason }) => terminal.red(t.leftOut(withoutControls(name), reason))),
    isNothing && !workspace.isNew ? t.nothing : '',
    dryRun ? t.estimate(report.estimatedSeconds) : t.took(report.tookSeconds ?? 0),
    dryRun || documents.back + documents.copy + knowledgeBases.back + knowledgeBases.copy === 0
      ? ''
      : t.index,
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}
