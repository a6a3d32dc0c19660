import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { connect } from '../service/locate.ts';
import { formatTime } from '../terminal/format-time.ts';
import { oneLine } from '../terminal/one-line.ts';
import type { AddCommand } from './add-command.ts';

interface DependencyObject {
  name: string;
  forced: 'auto' | 'open' | 'closed';
  override: { actor: string | null; note: string | null; created_at: number } | null;
  processes: ProcessObject[];
}

interface ProcessObject {
  process_id: string;
  role: string;
  condition: string;
  in_flight: number;
  last_error: { message: string } | null;
}

interface ChangeObject {
  version: number;
  name: string;
  forced: string;
  note: string | null;
  actor: string | null;
  created_at: number;
}

interface ModesObject {
  mode: string | null;
  current: { mode: string; mode_reason: string | null; processes: number }[];
  allowed_modes: string[];
  deferred_answers: number;
}

/** `open` keeps calls away, `close` lets all through, `auto` leaves it to what the calls show. */
const VERBS = { open: 'open', close: 'closed', auto: 'auto' } as const;

export const addBreakersCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.breakers;
  const breakers = program.command('breakers').description(t.description);
  breakers.addHelpText('after', messages.example('budao breakers open model:qwen --note "maintenance"'));
  breakers
    .command('list')
    .description(t.list)
    .addHelpText('after', messages.example('budao breakers list'))
    .action(action(list));
  breakers
    .command('history')
    .description(t.history)
    .addHelpText('after', messages.example('budao breakers history'))
    .action(action(history));
  for (const verb of Object.keys(VERBS) as (keyof typeof VERBS)[]) {
    breakers
      .command(verb)
      .description(t[verb])
      .argument('<name>', t.name)
      .option('--note <text>', t.note)
      .addHelpText('after', messages.example(`budao breakers ${verb} model:qwen`))
      .action(
        action((context, [name, options]) =>
          force(context, name as string, VERBS[verb], (options as { note?: string }).note),
        ),
      );
  }
};

async function list(context: CliContext): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.breakers;
  await using client = await connect(context);
  const { data } = await client.json<{ data: DependencyObject[] }>('GET', '/ops/dependencies');
  const modes = await client.json<ModesObject>('GET', '/ops/modes');
  terminal.result({ data, modes }, () => {
    const facts = terminal.facts([
      ...modes.current.map(({ mode, mode_reason: reason, processes }): [string, string] => [
        t.mode,
        `${mode}${reason === null ? '' : ` (${oneLine(reason)})`} × ${processes}`,
      ]),
      [t.allowed, ['full', ...modes.allowed_modes].join(', ')],
      [t.deferred, String(modes.deferred_answers)],
    ]);
    return `${facts}\n${table(context, data)}`;
  });
  return EXIT.ok;
}

async function force(
  context: CliContext,
  name: string,
  forced: string,
  note: string | undefined,
): Promise<ExitCode> {
  await using client = await connect(context);
  const body = { name, forced, ...(note === undefined ? {} : { note }) };
  const dependency = await client.json<DependencyObject>('POST', '/ops/dependencies', body);
  context.terminal.result(dependency, () => table(context, [dependency]));
  return EXIT.ok;
}

async function history(context: CliContext): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.breakers;
  await using client = await connect(context);
  const { data } = await client.json<{ data: ChangeObject[] }>('GET', '/ops/dependencies/changes');
  const columns = [
    { title: '#', align: 'right' as const },
    { title: t.when },
    { title: t.nameTitle },
    { title: t.byHand },
    { title: t.who },
    { title: t.noteTitle, mayCut: true },
  ];
  const rows = data.map((change) => [
    String(change.version),
    formatTime(change.created_at),
    change.name,
    change.forced,
    change.actor ?? '',
    change.note ?? '',
  ]);
  terminal.result({ data }, () => terminal.table(columns, rows));
  return EXIT.ok;
}

function table({ messages, terminal }: CliContext, dependencies: readonly DependencyObject[]): string {
  const t = messages.breakers;
  const columns = [
    { title: t.nameTitle },
    { title: t.byHand },
    { title: t.process },
    { title: t.condition },
    { title: t.inFlight, align: 'right' as const },
    { title: t.lastError, mayCut: true },
  ];
  const rows = dependencies.flatMap(({ name, forced, processes }) => {
    const own = [name, forced];
    if (processes.length === 0) return [[...own, '', '', '', '']];
    return processes.map((process, index) => [
      ...(index === 0 ? own : ['', '']),
      `${process.role} ${process.process_id}`,
      process.condition,
      String(process.in_flight),
      process.last_error?.message ?? '',
    ]);
  });
  return terminal.table(columns, rows);
}
