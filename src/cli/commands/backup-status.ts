import type { Command } from 'commander';
import type { ListedStream } from '../../system/backup/list-snapshots.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { loadSettings } from '../service/settings.ts';
import { formatTime } from '../terminal/format-time.ts';
import { withoutControls } from '../terminal/one-line.ts';
import type { CommandSetup } from './add-command.ts';

/** `budao backup status` */
export function addStatusCommand(backup: Command, { messages, action }: CommandSetup): void {
  const t = messages.backup;
  backup
    .command('status')
    .description(t.status)
    .option('--config <file>', t.config)
    .addHelpText('after', messages.example('budao backup status --json'))
    .action(action((context, [options]) => status(context, options as { config?: string })));
}

/** `budao backup adopt` */
export function addAdoptCommand(backup: Command, { messages, action }: CommandSetup): void {
  const t = messages.backup;
  backup
    .command('adopt')
    .description(t.adopt)
    .option('--dry-run', messages.restore.dryRun)
    .option('--config <file>', t.config)
    .addHelpText('after', messages.example('budao backup adopt --dry-run', 'budao backup adopt'))
    .action(action((context, [options]) => adopt(context, options as { config?: string; dryRun?: boolean })));
}

async function adopt(context: CliContext, options: { config?: string; dryRun?: boolean }): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.backup;
  const configuration = loadSettings(context, options.config);
  const { adoptInstallation } = await import('../../system/backup/adopt-installation.ts');
  const adopted = await adoptInstallation(configuration, { dryRun: options.dryRun === true });
  const { before, installationId, documents, missing, missingNames } = adopted;
  terminal.result(adopted, () => {
    const names = missingNames.map((name) => withoutControls(name)).join(', ');
    const lines = [
      installationId === null ? t.wouldAdopt(before) : t.adopted(before, installationId),
      missing === 0 ? t.allThere(documents) : t.notThere(missing, documents, names),
    ];
    return `${lines.join('\n')}\n`;
  });
  return missing === 0 ? EXIT.ok : EXIT.failed;
}

async function status(context: CliContext, options: { config?: string }): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.backup;
  const configuration = loadSettings(context, options.config);
  const { recoveryPoint } = await import('../../system/backup/recovery-point.ts');
  const { streams, lagMs } = await recoveryPoint(configuration);
  terminal.result({ streams, lagMs }, () => {
    if (streams.length === 0) return `${t.noStream}\n`;
    const { repository, phase, lag, from, until, segments, gaps } = t.streams;
    const columns = [repository, phase, lag, from, until, segments, gaps].map((title) => ({ title }));
    const rows = streams.map((state) => [
      state.repository,
      t.streamPhases[state.phase],
      state.lagMs === null ? '–' : inSeconds(state.lagMs),
      state.coveredSince === null ? '–' : formatTime(state.coveredSince / 1000),
      state.coveredUntil === null ? '–' : formatTime(state.coveredUntil / 1000),
      String(state.segments),
      String(state.gaps),
    ]);
    const reasons = streams.flatMap(({ repository: name, reason }) =>
      reason === null ? [] : [`${name}: ${terminal.red(withoutControls(reason.message))}`],
    );
    const point = lagMs === null ? t.noRpo : t.rpo(inSeconds(lagMs));
    return `${[terminal.table(columns, rows).trimEnd(), ...reasons, point].join('\n')}\n`;
  });
  return streams.length > 0 && streams.every(({ reason }) => reason === null) ? EXIT.ok : EXIT.failed;
}

/** Below the list of snapshots: which points in time there are between them. */
export function streamsInWords({ messages, terminal }: CliContext, streams: readonly ListedStream[]): string {
  if (streams.length === 0) return '';
  const t = messages.backup;
  const { from, until, repository, installation, segments } = t.streams;
  const columns = [from, until, segments, repository, installation].map((title) => ({ title }));
  const rows = streams.map((stream) => [
    formatTime(stream.from / 1000),
    formatTime(stream.until / 1000),
    String(stream.segments),
    stream.repository,
    stream.installationId,
  ]);
  return `\n${t.covered}\n${terminal.table(columns, rows)}`;
}

function inSeconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
