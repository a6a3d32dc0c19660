import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { followRun } from '../service/follow-run.ts';
import { connect } from '../service/locate.ts';
import { isFinished, type RunEventObject, type RunObject } from '../service/run-object.ts';
import { formatTime } from '../terminal/format-time.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { oneLine } from '../terminal/one-line.ts';
import type { AddCommand } from './add-command.ts';

const MAX_LISTED = 100;
const MAX_PAYLOAD_CHARACTERS = 200;

interface ListOptions {
  kind?: string;
  status?: string;
  limit: string;
}

export const addRunsCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.runs;
  const runs = program.command('runs').description(t.description);
  runs.addHelpText('after', messages.example('budao runs list --status failed', 'budao runs watch run_…'));
  runs
    .command('list')
    .description(t.list)
    .option('--kind <kind>', t.kind)
    .option('--status <status>', t.statusOption)
    .option('--limit <number>', t.limit, '20')
    .addHelpText('after', messages.example('budao runs list --kind ingest --limit 50'))
    .action(action((context, [options]) => list(context, options as ListOptions)));
  runs
    .command('show')
    .description(t.show)
    .argument('<id>', t.id)
    .addHelpText('after', messages.example('budao runs show run_… --json'))
    .action(action((context, [id]) => show(context, id as string)));
  runs
    .command('watch')
    .description(t.watch)
    .argument('<id>', t.id)
    .addHelpText('after', messages.example('budao runs watch resp_…'))
    .action(action((context, [id]) => watch(context, id as string)));
  runs
    .command('cancel')
    .description(t.cancel)
    .argument('<id>', t.id)
    .addHelpText('after', messages.example('budao runs cancel run_…'))
    .action(action((context, [id]) => cancel(context, id as string)));
};

async function list(context: CliContext, options: ListOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.runs;
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LISTED) {
    throw new CliError(EXIT.usage, 'limit_invalid', messages.errors.numberInvalid('--limit', 1, MAX_LISTED));
  }
  const query = new URLSearchParams({ limit: String(limit) });
  if (options.kind !== undefined) query.set('kind', options.kind);
  if (options.status !== undefined) query.set('status', options.status);
  await using client = await connect(context);
  const page = await client.json<{ data: RunObject[] }>('GET', `/ops/runs?${query}`);
  terminal.result(page, () => {
    if (page.data.length === 0) return `${t.none}\n`;
    const columns = [
      { title: t.id },
      { title: t.kindTitle },
      { title: t.statusTitle },
      { title: t.created },
      { title: t.reason, mayCut: true },
    ];
    const rows = page.data.map((run) => [
      run.id,
      run.kind,
      t.status[run.status],
      formatTime(run.created_at),
      run.failure?.message ?? '',
    ]);
    return terminal.table(columns, rows);
  });
  return EXIT.ok;
}

async function show(context: CliContext, id: string): Promise<ExitCode> {
  await using client = await connect(context);
  const run = await client.json<RunObject>('GET', `/ops/runs/${encodeURIComponent(id)}`);
  context.terminal.result(run, () => inWords(context, run));
  return EXIT.ok;
}

async function watch(context: CliContext, id: string): Promise<ExitCode> {
  const { terminal } = context;
  await using client = await connect(context);
  using interrupt = new Interrupt();
  try {
    const onEvent = (event: RunEventObject): void => terminal.resultLine(event, () => eventInWords(event));
    const run = await followRun(client, id, onEvent, interrupt.signal);
    if (!terminal.isJson) terminal.note(endInWords(context, run));
    return run.status === 'completed' ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT.interrupted;
    throw error;
  }
}

async function cancel(context: CliContext, id: string): Promise<ExitCode> {
  await using client = await connect(context);
  const run = await client.json<RunObject>('POST', `/ops/runs/${encodeURIComponent(id)}/cancel`);
  const { runs: t } = context.messages;
  context.terminal.result(run, () =>
    isFinished(run) ? `${t.endedAlready(run.id, t.status[run.status])}\n` : `${t.cancelRequested(run.id)}\n`,
  );
  return EXIT.ok;
}

function inWords({ messages, terminal }: CliContext, run: RunObject): string {
  const t = messages.runs;
  const rows: [string, string][] = [
    [t.id, run.id],
    [t.kindTitle, run.kind],
    [t.statusTitle, t.status[run.status]],
    [t.reason, run.failure === null ? '' : oneLine(`${run.failure.message} (${run.failure.code})`)],
    [t.subject, run.subject_id ?? ''],
    [t.heldBy, run.owner ?? ''],
    [t.attempts, `${run.attempts} / ${run.max_attempts}`],
    [t.events, String(run.last_seq)],
    [t.created, formatTime(run.created_at)],
    [t.started, formatTime(run.started_at)],
    [t.finished, formatTime(run.finished_at)],
  ];
  return terminal.facts(rows);
}

function eventInWords(event: RunEventObject): string {
  const time = formatTime(Math.floor(event.created_at / 1000));
  const payload = oneLine(JSON.stringify(event.payload) ?? '').slice(0, MAX_PAYLOAD_CHARACTERS);
  return `${time}  ${String(event.seq).padStart(4)}  ${event.type}  ${payload}`;
}

function endInWords({ messages }: CliContext, run: RunObject): string {
  const { runs: t } = messages;
  return t.ended(run.id, t.status[run.status], oneLine(run.failure?.message ?? ''));
}
