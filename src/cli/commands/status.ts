import { type InstallationState, readInstallationState } from '../../system/installation-state.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { configurationOf, dataFolderOf } from '../service/locate.ts';
import { formatTime } from '../terminal/format-time.ts';
import type { AddCommand } from './add-command.ts';

export const addStatusCommand: AddCommand = (program, { messages, action }) => {
  program
    .command('status')
    .description(messages.status.description)
    .addHelpText('after', messages.example('budao status --data-dir /srv/budao --json'))
    .action(action(status));
};

/** Reads the ledger itself, so that it works when nothing answers. */
async function status(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  const state = await readInstallationState(dataFolderOf(context), configurationOf(context));
  terminal.result(state, () => inWords(context, state));
  if (state.running || state.starting !== null) return EXIT.ok;
  if (!terminal.isJson) terminal.note(`${context.messages.tryPrefix}${context.messages.hints.start}`);
  return EXIT.unreachable;
}

function stateInWords(
  { messages, terminal }: Pick<CliContext, 'messages' | 'terminal'>,
  { running, starting }: InstallationState,
): string {
  const t = messages.status;
  if (starting === null) return running ? terminal.green(t.running) : terminal.red(t.notRunning);
  const { step, progress } = starting;
  const words = step === 'repair' ? t.repairing : t.initialising;
  return terminal.bold(words(t.steps[step], Math.round(progress * 100)));
}

function inWords({ messages, terminal }: CliContext, state: InstallationState): string {
  const t = messages.status;
  const facts = terminal.facts([
    [t.state, stateInWords({ messages, terminal }, state)],
    [t.address, state.url ?? ''],
    [t.version, state.version ?? ''],
    [t.dataDir, state.dataDir],
    ...state.streams.map(({ repository, lagMs }): [string, string] => [
      t.stream,
      t.streamOf(repository, lagMs === null ? null : (lagMs / 1000).toFixed(1)),
    ]),
    ...state.troubles.map(({ role, since, message }): [string, string] => [
      terminal.red(t.trouble),
      t.troubleOf(t.roles[role], formatTime(Math.floor(since / 1000)), message),
    ]),
  ]);
  if (!state.running) return facts;
  const columns = [
    { title: t.role },
    { title: t.node },
    { title: 'PID', align: 'right' as const },
    { title: t.since },
    { title: t.runs },
  ];
  const rows = state.processes.map((process) => [
    t.roles[process.role],
    process.node ?? '',
    String(process.pid),
    formatTime(Math.floor(process.startedAt / 1000)),
    process.runs.join(' '),
  ]);
  return `${facts}\n${terminal.table(columns, rows)}`;
}
