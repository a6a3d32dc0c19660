/** Evaluations made up for tests: every question found first, answered rightly, cited and supported. */
import { type EvaluationResult, type QuestionResult, SCORING_VERSION } from '../contract/evaluation.ts';
import { totalsBy, totalsOf } from './totals.ts';

export function evaluationOf(
  count: number,
  change: (question: QuestionResult, at: number) => void = () => {},
): EvaluationResult {
  const questions = Array.from({ length: count }, (_, at) => {
    const question = goodQuestion(at);
    change(question, at);
    return question;
  });
  return {
    format: 'budao-evaluation',
    version: 1,
    started_at: '2026-11-21T10:00:00.000Z',
    finished_at: '2026-11-21T10:00:10.000Z',
    identities: {
      golden_name: 'test',
      golden_hash: 'hash',
      scoring_version: SCORING_VERSION,
      subject: {
        target: 'http://127.0.0.1:1',
        program_version: '1.0.0',
        prompt_version: null,
        knowledge_bases: [],
        models: null,
      },
      endpoints: {},
      modes: { full: count },
      judge: null,
      retrieved: 10,
    },
    complete: true,
    questions,
    totals: totalsOf(questions),
    by_category: totalsBy(questions, ({ category }) => category),
    by_style: totalsBy(questions, ({ style }) => style),
  };
}

function goodQuestion(at: number): QuestionResult {
  return {
    id: `q${at}`,
    question: `${at}?`,
    category: at % 2 === 0 ? 'number' : 'policy',
    style: 'lexical',
    language: 'zh',
    answerable: true,
    retrieval: { rank: 1, document_rank: 1, passages: [], mode: 'full', elapsed_ms: 5 },
    answer: {
      text: 'x',
      mode: 'full',
      endpoint: null,
      declined: false,
      facts_matched: 2,
      facts_total: 2,
      citations: { total: 1, exists: 1, missing: 0, unknown: 0, supporting: 1, unsupporting: 0 },
      support: { claims: 2, supported: 2, unknown: 0 },
      judge: null,
      first_token_ms: 10,
      total_ms: 50,
    },
    leaks: [],
    error: null,
    retrieval_passed: true,
    answer_passed: true,
    failures: [],
  };
}
