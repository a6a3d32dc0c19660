import { Option } from 'commander';
import type { RestoreReport } from '../../system/backup/restore.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createProgress } from '../ingest/progress.ts';
import { loadSettings } from '../service/settings.ts';
import { formatBytes } from '../terminal/format-bytes.ts';
import { formatTime } from '../terminal/format-time.ts';
import { withoutControls } from '../terminal/one-line.ts';
import type { AddCommand } from './add-command.ts';
import { type PartOptions, restorePart, selectorOf } from './restore-part.ts';

interface RestoreOptions {
  repo?: string;
  /** What `--repo` was called first. */
  from?: string;
  key: string;
  snapshot?: string;
  to?: string;
  replace?: boolean;
  dryRun?: boolean;
  config?: string;
}

type Options = RestoreOptions & PartOptions;

export const addRestoreCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.restore;
  program
    .command('restore')
    .description(t.description)
    .option('--repo <name>', t.repo)
    .addOption(new Option('--from <name>').hideHelp())
    .requiredOption('--key <file>', t.key)
    .option('--snapshot <id>', t.snapshot)
    .option('--to <time>', t.to)
    .option('--replace', t.replace)
    .option('--workspace <name>', t.part.workspace)
    .option('--knowledge-base <name>', t.part.knowledgeBase)
    .option('--conversation <name>', t.part.conversation)
    .option('--document <name>', t.part.document)
    .option('--into <workspace>', t.part.into)
    .option('--as <username>', t.part.as)
    .option('--dry-run', t.dryRun)
    .option('--config <file>', messages.backup.config)
    .addHelpText(
      'after',
      messages.example(
        'budao restore --repo /mnt/stick/budao --key budao.key --data-dir /srv/budao',
        'budao restore --to latest --key budao.key',
        'budao restore --to 2026-11-21T10:00:00Z --key budao.key',
        'budao restore --key budao.key --knowledge-base "Staff handbook" --dry-run',
      ),
    )
    .action(
      action((context, [given]) => {
        const options = given as Options;
        const selector = selectorOf(context, options);
        return selector === null ? restoreFrom(context, options) : restorePart(context, options, selector);
      }),
    );
};

async function restoreFrom(context: CliContext, options: RestoreOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const configuration = loadSettings(context, options.config);
  // The engines are for this command alone.
  const { restore } = await import('../../system/backup/restore.ts');
  using progress = createProgress(terminal);
  let phase = '';
  const report = await restore({
    configuration,
    repository: options.repo ?? options.from ?? null,
    keyFile: options.key,
    snapshotId: options.snapshot ?? null,
    to: pointOf(context, options),
    replace: options.replace === true,
    dryRun: options.dryRun === true,
    onProgress(now) {
      if (now.phase !== phase) progress.begin(messages.restore.phases[now.phase], now.bytesTotal);
      phase = now.phase;
      progress.update(now.bytes, formatBytes(now.bytes));
    },
  });
  progress[Symbol.dispose]();
  const isDryRun = options.dryRun === true;
  const place = configuration.stores.ledger.url === null ? configuration.dataDir : 'PostgreSQL';
  terminal.result({ dryRun: isDryRun, ...report }, () =>
    isDryRun ? planInWords(context, report, place) : doneInWords(context, report, configuration.dataDir),
  );
  return isDryRun && report.isOccupied && options.replace !== true ? EXIT.failed : EXIT.ok;
}

/** @throws CliError for what is no time */
function pointOf({ messages }: CliContext, { to, snapshot }: RestoreOptions): number | null {
  if (to === undefined) return null;
  if (snapshot !== undefined) throw new CliError(EXIT.usage, 'time_invalid', messages.restore.toOrSnapshot);
  if (to === 'latest') return Number.POSITIVE_INFINITY;
  const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(to)
    ? Date.parse(to)
    : Number.NaN;
  if (Number.isNaN(time)) throw new CliError(EXIT.usage, 'time_invalid', messages.restore.timeInvalid(to));
  return time;
}

function planInWords(context: CliContext, report: RestoreReport, place: string): string {
  const t = context.messages.restore;
  const { snapshot, isOccupied } = report;
  const time = formatTime(snapshot.createdAt / 1000);
  const plan = t.plan(snapshot.id, time, formatBytes(snapshot.plainBytes), place);
  const lines = [
    plan,
    ...pointInWords(context, report),
    ...sourceInWords(context, report),
    isOccupied ? t.planReplace : t.planEmpty,
  ];
  return `${lines.join('\n')}\n`;
}

function doneInWords(context: CliContext, report: RestoreReport, folder: string): string {
  const t = context.messages.restore;
  const { snapshot, outcome } = report;
  if (outcome === null) return `${t.finished(snapshot.id)}\n${t.next(folder)}\n`;
  const lines = [
    t.done(snapshot.id, formatTime(snapshot.createdAt / 1000)),
    ...pointInWords(context, report),
    t.content(outcome.rows, outcome.blobs),
    ...sourceInWords(context, report),
    outcome.leftOut.length === 0 ? '' : t.leftOut(outcome.leftOut.length),
    outcome.replaced === null ? '' : t.replaced(outcome.replaced),
    outcome.files.length === 0 ? '' : t.files(outcome.files.join(', ')),
    t.next(folder),
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

function pointInWords({ messages }: CliContext, { point }: RestoreReport): string[] {
  if (point === undefined) return [];
  return [messages.restore.point(new Date(point.since).toISOString(), new Date(point.until).toISOString())];
}

/** Which repositories gave what, and what was wrong with others. */
function sourceInWords({ messages }: CliContext, report: RestoreReport): string[] {
  const t = messages.restore;
  const { repositories, used, troubles, otherInstallations } = report;
  const read = used.map(({ repository, objects }) => t.usedFrom(repository, objects)).join(', ');
  return [
    t.source(repositories.join(', '), read),
    ...troubles.map(({ repository, message }) => t.trouble(repository, withoutControls(message))),
    ...otherInstallations.map(({ installationId, snapshotId, createdAt }) =>
      t.other(installationId, snapshotId, formatTime(createdAt / 1000)),
    ),
  ];
}
