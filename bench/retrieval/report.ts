/** The figures of a run, as an object and as a table. */
import { isAnswerable } from '../../src/evaluation/golden.ts';
import { mean, type RetrievalFigures, retrievalFigures } from '../../src/evaluation/scoring.ts';
import type { QuestionResult } from './run-questions.ts';

interface AnswerFigures extends RetrievalFigures {
  factRecall: number;
  declineRate: number;
  falseDeclineRate: number;
}

interface Group {
  questions: number;
  budao: AnswerFigures;
  baseline: RetrievalFigures;
}

export interface Report {
  budao: AnswerFigures;
  baseline: RetrievalFigures;
  byCategory: Record<string, Group>;
  byStyle: Record<string, Group>;
}

export function reportOf(results: readonly QuestionResult[]): Report {
  const { budao, baseline } = groupOf(results);
  return {
    budao,
    baseline,
    byCategory: grouped(results, ({ question }) => question.category),
    byStyle: grouped(results, ({ question }) => question.style),
  };
}

export function tableOf(report: Report, results: readonly QuestionResult[]): string {
  const times = results.map(({ searchMs }) => searchMs).sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
  const header = [
    '',
    'n',
    'hit@1',
    'hit@5',
    'hit@10',
    'MRR',
    'base@1',
    'base@5',
    'base@10',
    'base MRR',
    'facts',
    'declined',
    'wrongly',
  ];
  const all = { questions: results.length, budao: report.budao, baseline: report.baseline };
  const rows = [
    header,
    rowOf('all', all),
    ...Object.entries(report.byCategory).map(([name, group]) => rowOf(name, group)),
    ...Object.entries(report.byStyle).map(([name, group]) => rowOf(`style ${name}`, group)),
  ];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] as number)).join('  '),
  );
  return `${lines.join('\n')}\nsearch p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`;
}

function rowOf(name: string, { questions, budao, baseline }: Group): string[] {
  const figures = [
    budao.hit1,
    budao.hit5,
    budao.hit10,
    budao.mrr,
    baseline.hit1,
    baseline.hit5,
    baseline.hit10,
  ];
  const answers = [baseline.mrr, budao.factRecall, budao.declineRate, budao.falseDeclineRate];
  return [name, String(questions), ...[...figures, ...answers].map((figure) => figure.toFixed(3))];
}

function groupOf(results: readonly QuestionResult[]): Group {
  const answerable = results.filter(({ question }) => isAnswerable(question));
  const others = results.filter(({ question }) => !isAnswerable(question));
  return {
    questions: results.length,
    budao: {
      ...retrievalFigures(answerable.map(({ rank }) => rank)),
      factRecall: mean(answerable.map((result) => result.factRecall)),
      declineRate: mean(others.map(({ declined }) => Number(declined))),
      falseDeclineRate: mean(answerable.map(({ declined }) => Number(declined))),
    },
    baseline: retrievalFigures(answerable.map(({ baselineRank }) => baselineRank)),
  };
}

function grouped(
  results: readonly QuestionResult[],
  key: (result: QuestionResult) => string,
): Record<string, Group> {
  const groups = Map.groupBy(results, key);
  return Object.fromEntries(
    [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, members]) => [name, groupOf(members)]),
  );
}
