import type { Command } from 'commander';
import type { CareResult } from '../../system/backup/care-here.ts';
import type { CareState } from '../../system/backup/care-state.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { loadSettings } from '../service/settings.ts';
import { formatTime } from '../terminal/format-time.ts';
import { withoutControls } from '../terminal/one-line.ts';
import type { CommandSetup } from './add-command.ts';

const TASKS = ['snapshot', 'verify', 'rehearse', 'prune'] as const;
const MOST_RESULTS = 1_000;
/** Takes a change back. */
const AS_CONFIGURED = 'default';

interface ScheduleOptions extends Partial<Record<(typeof TASKS)[number], string>> {
  config?: string;
  timeZone?: string;
  jitterSeconds?: string;
  verifyShare?: string;
}

/** `budao backup schedules` and `budao backup results`. */
export function addScheduleCommands(backup: Command, { messages, action }: CommandSetup): void {
  const t = messages.care;
  const schedules = backup.command('schedules').description(t.schedules);
  for (const task of TASKS) schedules.option(`--${task} <when>`, t.when);
  schedules
    .option('--verify-share <percent>', t.verifyShare)
    .option('--time-zone <zone>', t.timeZone)
    .option('--jitter-seconds <seconds>', t.jitter)
    .option('--config <file>', messages.backup.config)
    .addHelpText(
      'after',
      messages.example(
        'budao backup schedules',
        'budao backup schedules --snapshot "every 1h" --time-zone Asia/Shanghai',
        'budao backup schedules --snapshot default',
      ),
    )
    .action(action((context, [options]) => showOrChange(context, options as ScheduleOptions)));
  backup
    .command('results')
    .description(t.results)
    .option('--task <task>', t.task(TASKS.join(', ')))
    .option('--limit <count>', t.limit, '20')
    .option('--config <file>', messages.backup.config)
    .addHelpText('after', messages.example('budao backup results --task rehearse --json'))
    .action(
      action((context, [options]) =>
        results(context, options as { config?: string; task?: string; limit: string }),
      ),
    );
}

async function showOrChange(context: CliContext, options: ScheduleOptions): Promise<ExitCode> {
  const { config, timeZone, jitterSeconds, verifyShare, ...tasks } = options;
  const configuration = loadSettings(context, config);
  const numberOf = (text: string): number | null => (text === AS_CONFIGURED ? null : Number(text));
  const changes = {
    ...Object.fromEntries(
      Object.entries(tasks).map(([task, when]) => [task, when === AS_CONFIGURED ? null : when]),
    ),
    ...(timeZone === undefined ? {} : { timeZone: timeZone === AS_CONFIGURED ? null : timeZone }),
    ...(jitterSeconds === undefined ? {} : { jitterSeconds: numberOf(jitterSeconds) }),
    ...(verifyShare === undefined ? {} : { verifySharePercent: numberOf(verifyShare) }),
  };
  // The engines are for these commands alone.
  const { changeCare, showCare } = await import('../../system/backup/care-here.ts');
  const state =
    Object.keys(changes).length === 0
      ? await showCare(configuration)
      : await changeCare(configuration, changes);
  context.terminal.result(state, () => inWords(context, state));
  return EXIT.ok;
}

function inWords(
  { messages, terminal }: CliContext,
  { tasks, schedules, newestSnapshots }: CareState,
): string {
  const t = messages.care;
  const columns = [
    { title: t.titles.task },
    { title: t.titles.when },
    { title: t.titles.next },
    { title: t.titles.last },
    { title: t.titles.remark, mayCut: true },
  ];
  const rows = tasks.map(({ task, when, nextAt, obstacle, overdueMs, latest }) => [
    t.tasks[task],
    schedules.changes[task] === undefined ? when : `${when} *`,
    nextAt === null ? '–' : formatTime(nextAt / 1000),
    latest.map(({ repository, verdict }) => `${repository}: ${t.verdicts[verdict]}`).join(', ') || '–',
    obstacle === null
      ? overdueMs > 0
        ? terminal.red(t.overdue)
        : ''
      : when === 'off'
        ? ''
        : t.obstacles[obstacle],
  ]);
  const newest = newestSnapshots.map(({ repository, at }) =>
    t.newest(repository, at === null ? null : formatTime(at / 1000)),
  );
  const changed = Object.keys(schedules.changes).length === 0 ? [] : [t.changed];
  return `${terminal.table(columns, rows)}${[...newest, ...changed].map((line) => `${line}\n`).join('')}`;
}

async function results(
  context: CliContext,
  options: { config?: string; task?: string; limit: string },
): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.care;
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_RESULTS)
    throw new CliError(
      EXIT.usage,
      'limit_invalid',
      messages.errors.numberInvalid('--limit', 1, MOST_RESULTS),
    );
  const task = TASKS.find((one) => one === options.task) ?? null;
  if (options.task !== undefined && task === null)
    throw new CliError(EXIT.usage, 'task_invalid', t.taskInvalid(options.task, TASKS.join(', ')));
  const configuration = loadSettings(context, options.config);
  const { showResults } = await import('../../system/backup/care-here.ts');
  const found = await showResults(configuration, { task, limit });
  terminal.result(found, () => (found.length === 0 ? `${t.noResults}\n` : resultsInWords(context, found)));
  return EXIT.ok;
}

function resultsInWords({ messages, terminal }: CliContext, found: readonly CareResult[]): string {
  const t = messages.care;
  const columns = [
    { title: t.titles.time },
    { title: t.titles.task },
    { title: t.titles.repository },
    { title: t.titles.verdict },
    { title: t.titles.duration },
    { title: t.titles.remark, mayCut: true },
  ];
  const rows = found.map(({ finishedAt, task, repository, verdict, durationMs, code, message }) => [
    formatTime(finishedAt / 1000),
    t.tasks[task],
    repository,
    verdict === 'pass' ? t.verdicts.pass : terminal.red(t.verdicts[verdict]),
    t.seconds(durationMs / 1000),
    message === null ? '' : withoutControls(`${code}: ${message}`),
  ]);
  return terminal.table(columns, rows);
}
