/** What an evaluation found, in words and tables. */
import type {
  Comparison,
  EvaluationCheck,
  EvaluationResult,
  EvaluationTotals,
} from '../../contract/evaluation.ts';
import type { Messages } from '../language/messages.ts';
import { oneLine, withoutControls } from '../terminal/one-line.ts';
import type { Terminal } from '../terminal/terminal.ts';

const MAX_NAMED = 20;

export function describeResult(result: EvaluationResult, messages: Messages, terminal: Terminal): string {
  const t = messages.evaluation;
  const { titles } = t;
  const columns = [
    { title: titles.group },
    { title: 'N', align: 'right' as const },
    { title: 'HIT@1' },
    { title: 'HIT@5' },
    { title: 'HIT@10' },
    { title: 'MRR' },
    { title: titles.facts },
    { title: titles.declined },
    { title: titles.wrongly },
    { title: titles.support },
    { title: titles.citations },
    { title: titles.passed },
  ];
  const rows = [
    rowOf(t.all_, result.totals),
    ...Object.entries(result.by_category).map(([name, totals]) => rowOf(name, totals)),
    ...Object.entries(result.by_style).map(([name, totals]) => rowOf(`· ${name}`, totals)),
  ];
  const { search_ms: search, first_token_ms: first, answer_ms: whole, faithful } = result.totals;
  const lines = [terminal.table(columns, rows), `${t.latency(p95(search), p95(first), p95(whole))}\n`];
  if (result.identities.judge !== null) {
    lines.push(`${t.judged(share(faithful), result.totals.judge_inconclusive)}\n`);
  }
  return [...lines, ...failedQuestions(result, messages)].join('');
}

export function describeComparison(comparison: Comparison, messages: Messages, terminal: Terminal): string {
  const t = messages.evaluation;
  const lines = comparison.checks.map((check) => checkLine(check, messages));
  if (comparison.changed.length > 0) {
    lines.push(t.changedTitle);
    for (const { name, before, after } of comparison.changed) {
      lines.push(`  ${t.changed(name, before ?? '–', after ?? '–')}`);
    }
  }
  if (comparison.lost_questions.length > 0) lines.push(t.lost(named(comparison.lost_questions)));
  if (comparison.gained_questions.length > 0) lines.push(t.gained(named(comparison.gained_questions)));
  return `${[...lines, terminal.bold(t.verdicts[comparison.verdict])].map(withoutControls).join('\n')}\n`;
}

function checkLine(check: EvaluationCheck, messages: Messages): string {
  const t = messages.evaluation;
  const mark = { pass: '✓', fail: '✗', inconclusive: '?' }[check.verdict];
  const parts = [`${mark} ${t.checks[check.name]}: ${t.reasons[check.reason]}`];
  const { before, after, lower, upper, pairs, lost, gained, p } = check;
  if (before !== null && after !== null && lower !== null && upper !== null && pairs !== null) {
    parts.push(t.range(before.toFixed(3), after.toFixed(3), signed(lower), signed(upper), pairs));
  }
  if (lost !== null && gained !== null && p !== null && lost + gained > 0) {
    parts.push(t.changes(lost, gained, p.toFixed(4)));
  }
  return parts.join(' · ');
}

function failedQuestions({ questions }: EvaluationResult, messages: Messages): string[] {
  const t = messages.evaluation;
  const failed = questions.filter(
    ({ answer_passed: answered, retrieval_passed: found }) => answered === false || found === false,
  );
  if (failed.length === 0) return [];
  const lines = failed.slice(0, MAX_NAMED).map((one) => {
    const why = one.failures.map((failure) => t.failures[failure] ?? failure);
    if (one.retrieval_passed === false && one.error === null) why.push(t.failures.retrieval ?? '');
    const error = one.error === null ? '' : ` (${one.error.code})`;
    return `  ${one.id}  ${oneLine(one.question)}  – ${why.join(', ')}${error}\n`;
  });
  const more = failed.length > MAX_NAMED ? [`  … +${failed.length - MAX_NAMED}\n`] : [];
  return [`${t.failed}\n`, ...lines.map(withoutControls), ...more];
}

function rowOf(name: string, totals: EvaluationTotals): string[] {
  const { citations } = totals;
  return [
    name,
    String(totals.questions),
    share(totals.hit1),
    share(totals.hit5),
    share(totals.hit10),
    share(totals.mrr),
    share(totals.fact_recall),
    share(totals.decline_rate),
    share(totals.false_decline_rate),
    share(totals.support),
    citations.total === 0 ? '–' : `${citations.exists}/${citations.total}`,
    share(totals.answers_passed),
  ];
}

function share(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

function p95(latency: EvaluationTotals['answer_ms']): string {
  return latency === null ? '–' : `${Math.round(latency.p95)} ms`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

function named(ids: readonly string[]): string {
  return ids.length > MAX_NAMED ? `${ids.slice(0, MAX_NAMED).join(', ')}, …` : ids.join(', ');
}
