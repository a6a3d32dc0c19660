import type { MakeSnapshot, SnapshotResult } from '../../system/backup/make-snapshot.ts';
import { asCliError, type CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createProgress } from '../ingest/progress.ts';
import { loadSettings } from '../service/settings.ts';
import { formatBytes } from '../terminal/format-bytes.ts';
import { formatTime } from '../terminal/format-time.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { withoutControls } from '../terminal/one-line.ts';
import type { AddCommand } from './add-command.ts';
import { addCareCommands } from './backup-care.ts';
import { addRehearseCommand } from './backup-rehearse.ts';
import { addScheduleCommands } from './backup-schedules.ts';
import { addAdoptCommand, addStatusCommand, streamsInWords } from './backup-status.ts';

interface RepositoryOptions {
  config?: string;
  repo?: string;
}

interface InitOptions extends RepositoryOptions {
  newKey?: string;
  recipient: string[];
  appendOnly?: boolean;
}

interface CreateOptions extends RepositoryOptions {
  label?: string;
}

export const addBackupCommand: AddCommand = (program, setup) => {
  const { messages, action } = setup;
  const t = messages.backup;
  const backup = program.command('backup').description(t.description);
  backup.addHelpText(
    'after',
    messages.example(
      'budao backup init --repo /mnt/stick/budao --new-key /safe/place/budao.key',
      'budao backup create --repo /mnt/stick/budao',
      'budao backup list --repo /mnt/stick/budao',
    ),
  );
  backup
    .command('init')
    .description(t.init)
    .option('--repo <name>', t.repo)
    .option('--new-key <file>', t.newKey)
    .option('--recipient <key>', t.recipient, (key: string, all: string[]) => [...all, key], [])
    .option('--append-only', t.appendOnly)
    .option('--config <file>', t.config)
    .addHelpText('after', messages.example('budao backup init --repo offsite --new-key budao.key'))
    .action(action((context, [options]) => init(context, options as InitOptions)));
  backup
    .command('create')
    .description(t.create)
    .option('--repo <name>', t.repo)
    .option('--label <text>', t.label)
    .option('--config <file>', t.config)
    .addHelpText('after', messages.example('budao backup create --repo offsite --label "before the upgrade"'))
    .action(action((context, [options]) => create(context, options as CreateOptions)));
  backup
    .command('list')
    .description(t.list)
    .option('--repo <name>', t.repo)
    .option('--config <file>', t.config)
    .addHelpText('after', messages.example('budao backup list --repo offsite --json'))
    .action(action((context, [options]) => list(context, options as RepositoryOptions)));
  addStatusCommand(backup, setup);
  addAdoptCommand(backup, setup);
  addCareCommands(backup, setup);
  addRehearseCommand(backup, setup);
  addScheduleCommands(backup, setup);
};

async function init(context: CliContext, options: InitOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const configuration = loadSettings(context, options.config);
  // The engines are for these commands alone.
  const { makeRepository } = await import('../../system/backup/make-repository.ts');
  const made = await makeRepository({
    configuration,
    repository: options.repo ?? null,
    recipients: options.recipient,
    keyFile: options.newKey ?? null,
    appendOnly: options.appendOnly === true,
  });
  terminal.result(made, () => {
    const key = made.keyFile === null ? '' : `${messages.backup.keep(made.keyFile)}\n`;
    return `${messages.backup.made(made.place)}\n${key}`;
  });
  return EXIT.ok;
}

/** Without a name into every repository of the settings; it is successful only when all of them have their snapshot. */
async function create(context: CliContext, options: CreateOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.backup;
  const configuration = loadSettings(context, options.config);
  const { repositories } = configuration.backup;
  using interrupt = new Interrupt();
  const takeInto = (repository: string | null): Promise<SnapshotResult> =>
    takeSnapshot(context, {
      configuration,
      repository,
      label: options.label ?? null,
      signal: interrupt.signal,
    });
  try {
    if (options.repo !== undefined || repositories.length < 2) {
      const result = await takeInto(options.repo ?? null);
      terminal.result(result, () => createdInWords(context, result));
      return EXIT.ok;
    }
    const taken: { repository: string; snapshot: SnapshotResult | null; error: CliError | null }[] = [];
    for (const { name } of repositories) {
      try {
        taken.push({ repository: name, snapshot: await takeInto(name), error: null });
      } catch (error) {
        if (interrupt.hasHappened) throw error;
        taken.push({ repository: name, snapshot: null, error: asCliError(error) });
      }
    }
    const failed = taken.filter(({ error }) => error !== null).map(({ repository }) => repository);
    const told = taken.map(({ error, ...one }) => ({
      ...one,
      error: error === null ? null : { code: error.code, message: error.message },
    }));
    terminal.result({ ok: failed.length === 0, repositories: told }, () => {
      const lines = told.map(({ repository, snapshot, error }) =>
        snapshot === null
          ? `${terminal.red(t.failed(repository, withoutControls(error?.message ?? '')))}\n`
          : `${repository}: ${createdInWords(context, snapshot)}`,
      );
      return `${lines.join('')}${failed.length === 0 ? '' : `${t.partly(failed.join(', '))}\n`}`;
    });
    return failed.length === 0 ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (!interrupt.hasHappened) throw error;
    terminal.note(t.cancelled);
    return EXIT.interrupted;
  }
}

async function takeSnapshot(
  { messages, terminal }: CliContext,
  request: Omit<MakeSnapshot, 'onProgress'>,
): Promise<SnapshotResult> {
  const t = messages.backup;
  const { makeSnapshot } = await import('../../system/backup/make-snapshot.ts');
  using progress = createProgress(terminal);
  let phase = '';
  return await makeSnapshot({
    ...request,
    onProgress(now) {
      if (now.phase !== phase) progress.begin(t.phases[now.phase], Math.max(1, now.blobsTotal));
      phase = now.phase;
      progress.update(now.blobs, now.phase === 'ledger' ? t.rows(now.rows) : formatBytes(now.bytes));
    },
  });
}

function createdInWords({ messages }: CliContext, result: SnapshotResult): string {
  const t = messages.backup;
  const { documents, conversations, workspaces } = result.counts;
  return (
    `${t.created(result.id, formatBytes(result.addedBytes), formatBytes(result.plainBytes))}\n` +
    `${t.counts(documents, conversations, workspaces)}\n`
  );
}

async function list(context: CliContext, options: RepositoryOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.backup;
  const configuration = loadSettings(context, options.config);
  const { listSnapshots } = await import('../../system/backup/list-snapshots.ts');
  const { snapshots, streams, unreadable, troubles } = await listSnapshots(
    configuration,
    options.repo ?? null,
  );
  terminal.result({ snapshots, streams, unreadable, troubles }, () => {
    const covered = streamsInWords(context, streams);
    if (snapshots.length === 0) return `${t.none}\n${covered}`;
    const { titles } = t;
    const columns = [
      { title: titles.id },
      { title: titles.time },
      { title: titles.documents },
      { title: titles.size },
      { title: titles.added },
      { title: titles.repository },
      { title: titles.label, mayCut: true },
    ];
    const rows = snapshots.map((snapshot) => [
      snapshot.id,
      formatTime(snapshot.createdAt / 1000),
      String(snapshot.counts.documents),
      formatBytes(snapshot.plainBytes),
      formatBytes(snapshot.addedBytes),
      snapshot.repository,
      withoutControls(snapshot.label ?? ''),
    ]);
    return `${terminal.table(columns, rows)}${covered}`;
  });
  for (const { key, reason } of unreadable) terminal.note(t.unreadable(key, reason));
  for (const { repository, message } of troubles) terminal.note(t.unreadable(repository, message));
  return unreadable.length + troubles.length === 0 ? EXIT.ok : EXIT.failed;
}
