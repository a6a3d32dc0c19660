/** What the findings of a rehearsal prove. */
import { type GoldenQuestion, isAnswerable } from '../../evaluation/golden.ts';
import { mean } from '../../evaluation/scoring.ts';
import type { CareOutcome } from '../../recovery/care/results.ts';
import type { Findings } from './ask-service.ts';

/** An answer's facts may be so much fewer, in the mean of all questions, before answers count as worse. */
const MOST_WORSE = 0.03;

export interface Answers {
  /** By question; null where the question has no facts to find. */
  scores: ReadonlyMap<string, number | null>;
  findings: ReadonlyMap<string, Findings>;
}

export interface Seen {
  questions: readonly GoldenQuestion[];
  restored: Answers;
  /** File names of what was restored and can be found. */
  documents: ReadonlySet<string>;
  /** Null where there is nothing to compare with. */
  baseline: (Answers & { kind: 'live' | 'earlier'; isSameContent: boolean }) | null;
  /** The embedder is an endpoint that the rehearsal may not call: meanings are not searched by. */
  isWithoutVectors: boolean;
  doctorErrors: readonly string[];
}

export interface Judgement extends Omit<CareOutcome, 'evidence'> {
  retrieval: { questions: number; identical: number; different: string[]; lost: string[]; found: number };
  answers: { questions: number; score: number; baselineScore: number | null };
}

export function judge(seen: Seen): Judgement {
  const { questions, restored, baseline, documents } = seen;
  const different = questions.filter(
    ({ id }) => restored.findings.get(id)?.hash !== baseline?.findings.get(id)?.hash,
  );
  const answerable = questions.filter(isAnswerable);
  const lost = answerable.filter(
    (question) =>
      // What came after the snapshot was taken cannot be in it.
      question.sources.every(({ document }) => documents.has(document)) &&
      !isFound(question, restored) &&
      baseline !== null &&
      isFound(question, baseline),
  );
  const score = meanScore(questions, restored) ?? 0;
  const baselineScore = baseline === null ? null : meanScore(questions, baseline);
  const identical = baseline === null ? 0 : questions.length - different.length;
  const figures = {
    retrieval: {
      questions: questions.length,
      identical,
      different: baseline === null ? [] : different.map(({ id }) => id),
      lost: lost.map(({ id }) => id),
      found: answerable.filter((question) => isFound(question, restored)).length,
    },
    answers: { questions: questions.filter(({ facts }) => facts.length > 0).length, score, baselineScore },
  };
  return { ...verdictOf(seen, figures), ...figures };
}

function verdictOf(
  { doctorErrors, baseline, isWithoutVectors }: Seen,
  { retrieval, answers }: Pick<Judgement, 'retrieval' | 'answers'>,
): Omit<CareOutcome, 'evidence'> {
  const [firstError] = doctorErrors;
  if (firstError !== undefined)
    return fail(
      'rehearsal_inconsistent',
      `What was restored does not fit together (${doctorErrors.length} errors): ${firstError} Rehearse an older snapshot or another repository, run budao doctor here, and take a new snapshot.`,
    );
  if (retrieval.lost.length > 0)
    return fail(
      'rehearsal_retrieval_differs',
      `${retrieval.lost.length} of ${retrieval.questions} golden questions no longer find their document (${shown(retrieval.lost)}). Take a new snapshot, rehearse it, and compare with budao search.`,
    );
  if (baseline === null)
    return inconclusive(
      'rehearsal_no_baseline',
      'It was restored and answers, but nothing says what it should find: start the service here, so that both can be compared, and rehearse again.',
    );
  if (isWithoutVectors)
    return inconclusive(
      'rehearsal_models_off',
      'It was restored and answers by words alone, since a rehearsal calls no endpoint and the embedder is one. Set backup.rehearsal.withModels, or rehearse with --with-models.',
    );
  if (baseline.isSameContent && retrieval.different.length > 0)
    return fail(
      'rehearsal_retrieval_differs',
      `${retrieval.different.length} of ${retrieval.questions} golden questions find something else than they should (${shown(retrieval.different)}). Run budao doctor here, take a new snapshot and rehearse it.`,
    );
  if (
    baseline.isSameContent &&
    answers.baselineScore !== null &&
    answers.score < answers.baselineScore - MOST_WORSE
  )
    return fail(
      'rehearsal_answers_worse',
      `Answers hold ${percent(answers.score)} of the facts instead of ${percent(answers.baselineScore)}. Compare the settings and models of the restored service, kept with --keep, with those here.`,
    );
  return { verdict: 'pass', code: null, message: null };
}

/** Whether the documents that answer it are among what was found: one of them or all, as the question says. */
function isFound({ id, sources, any }: GoldenQuestion, { findings }: Pick<Answers, 'findings'>): boolean {
  const found = new Set(findings.get(id)?.documents);
  const isThere = ({ document }: { document: string }): boolean => found.has(document);
  return any ? sources.some(isThere) : sources.every(isThere);
}

function meanScore(questions: readonly GoldenQuestion[], { scores }: Answers): number | null {
  const known = questions.flatMap(({ id }) => scores.get(id) ?? []);
  return known.length === 0 ? null : mean(known);
}

function fail(code: string, message: string): Omit<CareOutcome, 'evidence'> {
  return { verdict: 'fail', code, message };
}

function inconclusive(code: string, message: string): Omit<CareOutcome, 'evidence'> {
  return { verdict: 'inconclusive', code, message };
}

function shown(ids: readonly string[]): string {
  return ids.length <= 5 ? ids.join(', ') : `${ids.slice(0, 5).join(', ')} …`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
