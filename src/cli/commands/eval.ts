/** Golden questions: ask a set, compare, and look at what was found. */
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { z } from 'zod';
import { type Comparison, EvaluationResult, type Verdict } from '../../contract/evaluation.ts';
import type { EvaluationReply, WholeEvaluationReply } from '../../contract/replies/evaluation.ts';
import { compareEvaluations } from '../../evaluation/compare/compare.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createProgress } from '../ingest/progress.ts';
import type { ServiceClient } from '../service/client.ts';
import { followRun } from '../service/follow-run.ts';
import { readQuestions } from '../service/golden-file.ts';
import { requireKnowledgeBase } from '../service/knowledge-bases.ts';
import { connect } from '../service/locate.ts';
import { formatTime } from '../terminal/format-time.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import type { AddCommand } from './add-command.ts';
import { addGoldenSetCommands } from './eval-sets.ts';
import { describeComparison, describeResult } from './eval-words.ts';

const MAX_LISTED = 200;
const EXIT_CODES: Record<Verdict, ExitCode> = {
  pass: EXIT.ok,
  fail: EXIT.failed,
  inconclusive: EXIT.inconclusive,
};

type Whole = z.infer<typeof WholeEvaluationReply>;

interface RunOptions {
  set: string;
  kb?: string;
  model?: string;
  judge?: boolean;
  answers: boolean;
  baseline?: string;
}

export const addEvalCommand: AddCommand = (program, setup) => {
  const { messages, action } = setup;
  const t = messages.evaluation;
  const evaluation = program.command('eval').description(t.description);
  evaluation.addHelpText(
    'after',
    messages.example('budao eval run --set sample --baseline save', 'budao eval list'),
  );
  evaluation
    .command('run')
    .description(t.run)
    .requiredOption('--set <name|file>', t.set)
    .option('--kb <id|name>', t.kb)
    .option('--model <name>', t.model)
    .option('--judge', t.judge)
    .option('--no-answers', t.noAnswers)
    .option('--baseline <save>', t.baseline)
    .addHelpText(
      'after',
      messages.example('budao eval run --set sample', 'budao eval run --set leave.jsonl --json'),
    )
    .action(action((context, [options]) => run(context, options as RunOptions)));
  evaluation
    .command('compare')
    .description(t.compare)
    .argument('<before>', t.before)
    .argument('[after]', t.after)
    .addHelpText(
      'after',
      messages.example('budao eval compare eval_… eval_…', 'budao eval compare a.json b.json'),
    )
    .action(
      action((context, [before, after]) => compare(context, before as string, after as string | undefined)),
    );
  evaluation
    .command('show')
    .description(t.show)
    .argument('<id>', t.id)
    .addHelpText('after', messages.example('budao eval show eval_…'))
    .action(action((context, [id]) => show(context, id as string)));
  evaluation
    .command('list')
    .description(t.list)
    .option('--set <name>', t.listSet)
    .option('--limit <number>', t.limit, '20')
    .addHelpText('after', messages.example('budao eval list --set sample'))
    .action(action((context, [options]) => list(context, options as { set?: string; limit: string })));
  addGoldenSetCommands(evaluation, setup);
};

async function run(context: CliContext, options: RunOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.evaluation;
  await using client = await connect(context);
  const body = await requestBody(context, client, options);
  using interrupt = new Interrupt();
  using progress = createProgress(terminal);
  const started = await client.json<{ id: string; run_id: string }>('POST', '/ops/evaluations', body);
  let isBegun = false;
  const finished = await followRun(
    client,
    started.run_id,
    ({ type, payload }) => {
      if (type !== 'evaluate.progress') return;
      const { done, total } = payload as { done: number; total: number };
      if (!isBegun) progress.begin(t.asking, total);
      isBegun = true;
      progress.update(done, `${done}/${total}`);
    },
    interrupt.signal,
  ).catch(async (error: unknown) => {
    if (!interrupt.hasHappened) throw error;
    await client.json('POST', `/ops/runs/${started.run_id}/cancel`).catch(() => undefined);
    return null;
  });
  progress[Symbol.dispose]();
  if (finished === null) return EXIT.interrupted;
  if (finished.failure !== null || finished.status !== 'completed') {
    const { code, message } = finished.failure ?? { code: 'evaluation_failed', message: finished.status };
    throw new CliError(EXIT.failed, code, message, { hint: messages.hints.seeRun(started.run_id) });
  }
  const whole = await client.json<Whole>('GET', `/ops/evaluations/${started.id}`);
  return print(context, whole);
}

async function requestBody(
  { messages }: CliContext,
  client: ServiceClient,
  { set, kb, model, judge, answers, baseline }: RunOptions,
): Promise<object> {
  const t = messages.evaluation;
  if (baseline !== undefined && baseline !== 'save') {
    throw new CliError(EXIT.usage, 'invalid_value', t.baselineInvalid(baseline));
  }
  const isFile = existsSync(set) && (await stat(set)).isFile();
  if (isFile && baseline !== undefined) throw new CliError(EXIT.usage, 'invalid_value', t.baselineOfFile);
  const base = kb === undefined ? null : await requireKnowledgeBase(client, messages, kb);
  return {
    ...(isFile
      ? { questions: await readQuestions(set, t.fileTooLarge), name: basename(set) }
      : { golden_set: set }),
    ...(base === null ? {} : { knowledge_base_ids: [base.id] }),
    ...(model === undefined ? {} : { model }),
    answers,
    judge: judge === true,
    save_baseline: baseline === 'save',
  };
}

async function show(context: CliContext, id: string): Promise<ExitCode> {
  await using client = await connect(context);
  return print(context, await client.json<Whole>('GET', `/ops/evaluations/${encodeURIComponent(id)}`));
}

function print({ messages, terminal }: CliContext, whole: Whole): ExitCode {
  const t = messages.evaluation;
  terminal.result(whole, () => {
    const kept = whole.is_baseline ? t.keptAsBaseline(whole.id) : t.kept(whole.id);
    return [
      describeResult(whole.result, messages, terminal),
      describeComparison(whole.comparison, messages, terminal),
      `${kept}\n`,
    ].join('\n');
  });
  return EXIT_CODES[whole.verdict];
}

async function compare(context: CliContext, before: string, after: string | undefined): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.evaluation;
  let comparison: Comparison;
  if (after !== undefined && (existsSync(before) || existsSync(after))) {
    const [earlier, later] = [await resultOf(context, before), await resultOf(context, after)];
    comparison = compareEvaluations(earlier, later);
  } else {
    await using client = await connect(context);
    const pair = after === undefined ? await withBaseline(client, before, t.noBaseline) : { before, after };
    comparison = await client.json<Comparison>('POST', '/ops/evaluations/compare', pair);
  }
  terminal.result(comparison, () => describeComparison(comparison, messages, terminal));
  return EXIT_CODES[comparison.verdict];
}

async function withBaseline(client: ServiceClient, id: string, noBaseline: string): Promise<object> {
  const { baseline_id: baselineId } = await client.json<Whole>(
    'GET',
    `/ops/evaluations/${encodeURIComponent(id)}`,
  );
  if (baselineId === null) throw new CliError(EXIT.usage, 'evaluation_not_found', noBaseline);
  return { before: baselineId, after: id };
}

/** From a file of `--json`, or by its id from the service. */
async function resultOf(context: CliContext, fileOrId: string): Promise<EvaluationResult> {
  if (!existsSync(fileOrId)) {
    await using client = await connect(context);
    return (await client.json<Whole>('GET', `/ops/evaluations/${encodeURIComponent(fileOrId)}`)).result;
  }
  try {
    const value = JSON.parse(await readFile(fileOrId, 'utf8')) as { result?: unknown };
    return EvaluationResult.parse(value.result ?? value);
  } catch (cause) {
    const message = context.messages.evaluation.notAResult(fileOrId);
    throw new CliError(EXIT.usage, 'invalid_value', message, { cause });
  }
}

async function list(context: CliContext, options: { set?: string; limit: string }): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.evaluation;
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LISTED) {
    throw new CliError(EXIT.usage, 'limit_invalid', messages.errors.numberInvalid('--limit', 1, MAX_LISTED));
  }
  const query = new URLSearchParams({ limit: String(limit) });
  if (options.set !== undefined) query.set('golden_set', options.set);
  await using client = await connect(context);
  const page = await client.json<{ data: z.infer<typeof EvaluationReply>[] }>(
    'GET',
    `/ops/evaluations?${query}`,
  );
  terminal.result(page, () => {
    if (page.data.length === 0) return `${t.noResults}\n`;
    const { titles } = t;
    const columns = [
      { title: titles.id },
      { title: titles.name, mayCut: true },
      { title: titles.time },
      { title: titles.occasion },
      { title: titles.verdict },
      { title: 'HIT@5' },
      { title: titles.passed },
      { title: titles.baseline },
    ];
    const rows = page.data.map((one) => [
      one.id,
      one.name,
      formatTime(one.created_at),
      t.occasions[one.occasion] ?? one.occasion,
      t.verdicts[one.verdict],
      one.totals.hit5?.toFixed(3) ?? '–',
      one.totals.answers_passed?.toFixed(3) ?? '–',
      one.is_baseline ? '✓' : '',
    ]);
    return terminal.table(columns, rows);
  });
  return EXIT.ok;
}
