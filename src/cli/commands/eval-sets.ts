/** Golden sets: import, export, drafts, baselines. */
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { z } from 'zod';
import type {
  GoldenImportReply,
  GoldenQuestionReply,
  GoldenQuestionsReply,
  GoldenSetReply,
} from '../../contract/replies/evaluation.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { ServiceClient } from '../service/client.ts';
import { followRun } from '../service/follow-run.ts';
import { readQuestions } from '../service/golden-file.ts';
import { connect } from '../service/locate.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import type { CommandSetup } from './add-command.ts';

type GoldenSet = z.infer<typeof GoldenSetReply>;
type Question = z.infer<typeof GoldenQuestionReply>;

const MAX_DRAFTS = 200;

export function addGoldenSetCommands(evaluation: Command, { messages, action }: CommandSetup): void {
  const t = messages.evaluation;
  evaluation
    .command('sets')
    .description(t.sets)
    .addHelpText('after', messages.example('budao eval sets --json'))
    .action(action((context) => listSets(context)));
  evaluation
    .command('import')
    .description(t.import)
    .argument('<file>', t.file)
    .requiredOption('--set <name>', t.setName)
    .option('--replace', t.replace)
    .addHelpText('after', messages.example('budao eval import leave.jsonl --set leave'))
    .action(
      action((context, [file, options]) =>
        importQuestions(context, file as string, options as { set: string; replace?: boolean }),
      ),
    );
  evaluation
    .command('export')
    .description(t.export)
    .argument('<set>', t.setName)
    .addHelpText('after', messages.example('budao eval export leave > leave.jsonl'))
    .action(action((context, [set]) => exportQuestions(context, set as string)));
  evaluation
    .command('questions')
    .description(t.questions)
    .argument('<set>', t.setName)
    .option('--drafts', t.drafts)
    .addHelpText('after', messages.example('budao eval questions leave --drafts'))
    .action(
      action((context, [set, options]) =>
        listQuestions(context, set as string, options as { drafts?: boolean }),
      ),
    );
  evaluation
    .command('draft')
    .description(t.draft)
    .argument('<set>', t.setName)
    .option('--count <number>', t.count, '20')
    .option('--without-model', t.withoutModel)
    .addHelpText('after', messages.example('budao eval draft leave --count 20'))
    .action(
      action((context, [set, options]) =>
        draft(context, set as string, options as { count: string; withoutModel?: boolean }),
      ),
    );
  evaluation
    .command('approve')
    .description(t.approve)
    .argument('<set>', t.setName)
    .argument('[question...]', t.question)
    .option('--all', t.all)
    .addHelpText('after', messages.example('budao eval approve leave gq_…'))
    .action(
      action((context, [set, ids, options]) =>
        approve(context, set as string, ids as string[], options as { all?: boolean }),
      ),
    );
  evaluation
    .command('baseline')
    .description(t.setBaseline)
    .argument('<set>', t.setName)
    .argument('<evaluation>', t.id)
    .addHelpText('after', messages.example('budao eval baseline leave eval_…'))
    .action(action((context, [set, id]) => setBaseline(context, set as string, id as string)));
  evaluation
    .command('delete')
    .description(t.remove)
    .argument('<set>', t.setName)
    .addHelpText('after', messages.example('budao eval delete leave'))
    .action(action((context, [set]) => remove(context, set as string)));
}

async function listSets(context: CliContext): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.evaluation;
  await using client = await connect(context);
  const page = await client.json<{ data: GoldenSet[] }>('GET', '/ops/golden-sets');
  terminal.result(page, () => {
    if (page.data.length === 0) return `${t.noSets}\n`;
    const { titles } = t;
    const columns = [
      { title: titles.name, mayCut: true },
      { title: titles.questions, align: 'right' as const },
      { title: titles.drafts, align: 'right' as const },
      { title: titles.verdict },
      { title: titles.baseline },
      { title: titles.id },
    ];
    const rows = page.data.map((set) => [
      set.name,
      String(set.questions),
      String(set.drafts),
      set.last_verdict === null ? '–' : t.verdicts[set.last_verdict],
      set.baseline_id ?? '–',
      set.id,
    ]);
    return terminal.table(columns, rows);
  });
  return EXIT.ok;
}

async function importQuestions(
  context: CliContext,
  file: string,
  { set, replace }: { set: string; replace?: boolean },
): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.evaluation;
  const questions = file === '-' ? await readAll(process.stdin) : await readQuestions(file, t.fileTooLarge);
  await using client = await connect(context);
  const made = await findOrMake(client, set);
  try {
    const imported = await client.json<z.infer<typeof GoldenImportReply>>(
      'POST',
      `/ops/golden-sets/${made.id}/import`,
      { questions, replace: replace === true },
    );
    terminal.result(imported, () => `${t.imported(imported.imported, imported.golden_set.name)}\n`);
    return EXIT.ok;
  } catch (error) {
    // A set that was made for questions that nobody can read is not left behind.
    if (made.isNew) await client.json('DELETE', `/ops/golden-sets/${made.id}`).catch(() => undefined);
    throw error;
  }
}

async function findOrMake(client: ServiceClient, name: string): Promise<{ id: string; isNew: boolean }> {
  const { data } = await client.json<{ data: GoldenSet[] }>('GET', '/ops/golden-sets');
  const known = data.find((set) => set.id === name || set.name === name);
  if (known !== undefined) return { id: known.id, isNew: false };
  const { id } = await client.json<GoldenSet>('POST', '/ops/golden-sets', { name });
  return { id, isNew: true };
}

async function exportQuestions(context: CliContext, set: string): Promise<ExitCode> {
  const { terminal } = context;
  await using client = await connect(context);
  const response = await client.open('GET', `/ops/golden-sets/${encodeURIComponent(set)}/export`);
  const lines = await response.body.text();
  const questions = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
  terminal.result(questions, () => lines);
  return EXIT.ok;
}

async function questionsOf(client: ServiceClient, set: string, state: string | null): Promise<Question[]> {
  const all: Question[] = [];
  for (;;) {
    const query = new URLSearchParams({ limit: '1000', after: String(all.at(-1)?.position ?? 0) });
    if (state !== null) query.set('state', state);
    const path = `/ops/golden-sets/${encodeURIComponent(set)}/questions?${query}`;
    const page = await client.json<z.infer<typeof GoldenQuestionsReply>>('GET', path);
    all.push(...page.data);
    if (!page.has_more) return all;
  }
}

async function listQuestions(
  context: CliContext,
  set: string,
  { drafts }: { drafts?: boolean },
): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.evaluation;
  await using client = await connect(context);
  const data = await questionsOf(client, set, drafts === true ? 'draft' : null);
  terminal.result({ object: 'list', data }, () => {
    if (data.length === 0) return `${t.noQuestions}\n`;
    const { titles } = t;
    const columns = [
      { title: titles.id },
      { title: titles.state },
      { title: titles.question, mayCut: true },
      { title: titles.facts, mayCut: true },
    ];
    const rows = data.map(({ id, state, question }) => [
      id,
      t.states[state] ?? state,
      question.question,
      question.facts.map(([form]) => form ?? '').join(', '),
    ]);
    return terminal.table(columns, rows);
  });
  return EXIT.ok;
}

async function draft(
  context: CliContext,
  set: string,
  { count, withoutModel }: { count: string; withoutModel?: boolean },
): Promise<ExitCode> {
  const { messages, terminal } = context;
  const wanted = Number(count);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MAX_DRAFTS) {
    throw new CliError(EXIT.usage, 'limit_invalid', messages.errors.numberInvalid('--count', 1, MAX_DRAFTS));
  }
  await using client = await connect(context);
  using interrupt = new Interrupt();
  const { run_id: runId } = await client.json<{ run_id: string }>(
    'POST',
    `/ops/golden-sets/${encodeURIComponent(set)}/drafts`,
    { count: wanted, use_model: withoutModel !== true },
  );
  const run = await followRun(client, runId, () => undefined, interrupt.signal);
  if (run.status !== 'completed') {
    const { code, message } = run.failure ?? { code: 'evaluation_failed', message: run.status };
    throw new CliError(EXIT.failed, code, message, { hint: messages.hints.seeRun(runId) });
  }
  const { drafts } = run.result as { drafts: number };
  terminal.result({ drafts }, () => `${messages.evaluation.drafted(drafts, set)}\n`);
  return EXIT.ok;
}

async function approve(
  context: CliContext,
  set: string,
  ids: readonly string[],
  { all }: { all?: boolean },
): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.evaluation;
  if (ids.length === 0 && all !== true) throw new CliError(EXIT.usage, 'invalid_value', t.nothingNamed);
  await using client = await connect(context);
  const drafts = all === true ? (await questionsOf(client, set, 'draft')).map(({ id }) => id) : ids;
  for (const id of drafts) {
    const path = `/ops/golden-sets/${encodeURIComponent(set)}/questions/${encodeURIComponent(id)}`;
    await client.json('PATCH', path, { state: 'approved' });
  }
  terminal.result({ approved: drafts.length }, () => `${t.approved(drafts.length)}\n`);
  return EXIT.ok;
}

async function setBaseline(context: CliContext, set: string, id: string): Promise<ExitCode> {
  const { messages, terminal } = context;
  await using client = await connect(context);
  const path = `/ops/golden-sets/${encodeURIComponent(set)}`;
  const changed = await client.json<GoldenSet>('PATCH', path, { baseline_id: id });
  terminal.result(changed, () => `${messages.evaluation.baselineSet(changed.name)}\n`);
  return EXIT.ok;
}

async function remove(context: CliContext, set: string): Promise<ExitCode> {
  const { messages, terminal } = context;
  await using client = await connect(context);
  const removed = await client.json<{ id: string }>('DELETE', `/ops/golden-sets/${encodeURIComponent(set)}`);
  terminal.result(removed, () => `${messages.evaluation.removed(set)}\n`);
  return EXIT.ok;
}
