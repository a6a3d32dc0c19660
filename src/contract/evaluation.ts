/** What an evaluation found: one entry for each question, totals, and what all of it was measured on. */
import { z } from 'zod';

const Share = z.number().min(0).max(1);
const Milliseconds = z.number().min(0);

/** Grows when the same answers would get other scores: such results are not compared. */
export const SCORING_VERSION = 1;

export const VERDICTS = ['pass', 'fail', 'inconclusive'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Why a question's answer did not pass. */
export const FAILURES = [
  'unanswered',
  'false_decline',
  'not_declined',
  'facts_missing',
  'citation_missing',
  'leak',
] as const;
export type QuestionFailure = (typeof FAILURES)[number];

export const RankedDocument = z.object({
  document: z.string(),
  article: z.string().nullable(),
  page: z.int().nullable(),
  chunk_id: z.string().nullable(),
});

export const RetrievalResult = z.object({
  /** From 1; null where the sources are not among what was found. */
  rank: z.int().min(1).nullable(),
  /** The same, counting any part of the right document. */
  document_rank: z.int().min(1).nullable(),
  passages: z.array(RankedDocument),
  mode: z.string().nullable(),
  elapsed_ms: Milliseconds,
});

export const CitationCounts = z.object({
  total: z.int(),
  /** The cited document is there and holds the quoted words where the citation says. */
  exists: z.int(),
  missing: z.int(),
  /** Could not be looked at: neither good nor bad. */
  unknown: z.int(),
  /** Of those whose words can be compared: the cited passage supports the sentence. */
  supporting: z.int(),
  unsupporting: z.int(),
});

export const SupportCounts = z.object({
  claims: z.int(),
  supported: z.int(),
  /** Claims in another language than the passages and without figures, of which words tell nothing. */
  unknown: z.int(),
});

export const JudgeResult = z.object({
  verdict: z.enum(['faithful', 'unfaithful', 'inconclusive']),
  faithful: z.int(),
  unfaithful: z.int(),
  /** No reply, or one that says neither. */
  errors: z.int(),
});

export const AnswerScore = z.object({
  text: z.string(),
  mode: z.string().nullable(),
  endpoint: z.string().nullable(),
  declined: z.boolean(),
  facts_matched: z.int(),
  facts_total: z.int(),
  citations: CitationCounts,
  support: SupportCounts,
  judge: JudgeResult.nullable(),
  first_token_ms: Milliseconds.nullable(),
  total_ms: Milliseconds,
});

export const QuestionResult = z
  .object({
    id: z.string(),
    question: z.string(),
    category: z.string(),
    style: z.string(),
    language: z.string(),
    answerable: z.boolean(),
    /** Null where retrieval was not asked for, the target has none, or the question failed. */
    retrieval: RetrievalResult.nullable(),
    answer: AnswerScore.nullable(),
    /** Documents that were shown although whoever asked may not see them. */
    leaks: z.array(z.string()),
    error: z.object({ stage: z.enum(['search', 'ask']), code: z.string(), message: z.string() }).nullable(),
    /** The sources are among the first five; null where that cannot be said. */
    retrieval_passed: z.boolean().nullable(),
    /** Answered rightly, as far as that can be said without a judge; null where answers were not asked for. */
    answer_passed: z.boolean().nullable(),
    failures: z.array(z.enum(FAILURES)),
  })
  .meta({ id: 'EvaluatedQuestion' });

const Latency = z.object({ p50: Milliseconds, p95: Milliseconds, max: Milliseconds }).nullable();

/** Shares are null where no question of the group has what they are about. */
export const EvaluationTotals = z
  .object({
    questions: z.int(),
    unanswered: z.int(),
    hit1: Share.nullable(),
    hit5: Share.nullable(),
    hit10: Share.nullable(),
    mrr: Share.nullable(),
    document_hit5: Share.nullable(),
    fact_recall: Share.nullable(),
    all_facts: Share.nullable(),
    decline_rate: Share.nullable(),
    false_decline_rate: Share.nullable(),
    answers_passed: Share.nullable(),
    citations: CitationCounts,
    /** Supported claims among those that can be judged. */
    support: Share.nullable(),
    faithful: Share.nullable(),
    judge_inconclusive: z.int(),
    leaks: z.int(),
    search_ms: Latency,
    first_token_ms: Latency,
    answer_ms: Latency,
  })
  .meta({ id: 'EvaluationTotals' });

/** What the figures depend on. Null where the target does not say. */
export const EvaluationSubject = z
  .object({
    target: z.string(),
    program_version: z.string().nullable(),
    prompt_version: z.string().nullable(),
    knowledge_bases: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        generation: z.string(),
        embedder: z.string().nullable(),
        documents: z.int(),
      }),
    ),
    /** Configured models, in the order in which they are tried. */
    models: z.array(z.string()).nullable(),
  })
  .meta({ id: 'EvaluationSubject' });

export const EvaluationIdentities = z.object({
  golden_name: z.string(),
  /** SHA-256 of the questions. */
  golden_hash: z.string(),
  scoring_version: z.int(),
  subject: EvaluationSubject,
  /** Endpoints that wrote answers, and the modes in which they were given, with their counts. */
  endpoints: z.record(z.string(), z.int()),
  modes: z.record(z.string(), z.int()),
  judge: z.object({ name: z.string(), repeats: z.int() }).nullable(),
  retrieved: z.int(),
});

export const EvaluationResult = z
  .object({
    format: z.literal('budao-evaluation'),
    version: z.literal(1),
    /** ISO 8601, in UTC. */
    started_at: z.string(),
    finished_at: z.string(),
    identities: EvaluationIdentities,
    /** Stopped before its end: what is missing makes every verdict inconclusive. */
    complete: z.boolean(),
    questions: z.array(QuestionResult),
    totals: EvaluationTotals,
    by_category: z.record(z.string(), EvaluationTotals),
    by_style: z.record(z.string(), EvaluationTotals),
  })
  .meta({ id: 'EvaluationResult' });

export type RankedDocument = z.infer<typeof RankedDocument>;
export type RetrievalResult = z.infer<typeof RetrievalResult>;
export type CitationCounts = z.infer<typeof CitationCounts>;
export type SupportCounts = z.infer<typeof SupportCounts>;
export type JudgeResult = z.infer<typeof JudgeResult>;
export type AnswerScore = z.infer<typeof AnswerScore>;
export type QuestionResult = z.infer<typeof QuestionResult>;
export type EvaluationTotals = z.infer<typeof EvaluationTotals>;
export type EvaluationSubject = z.infer<typeof EvaluationSubject>;
export type EvaluationResult = z.infer<typeof EvaluationResult>;

/** What is compared, and what is wrong whatever was before. */
export const CHECKS = [
  'comparable',
  'leaks',
  'citations',
  'unanswered',
  'retrieval',
  'ranks',
  'answers',
  'facts',
  'support',
  'judge',
  'control',
] as const;

/** Why a check came out as it did. Readers in any language go by these. */
export const CHECK_REASONS = [
  'fine',
  'no_baseline',
  'not_complete',
  'golden_differs',
  'scoring_differs',
  'knowledge_bases_differ',
  'no_pairs',
  'leaked',
  'target_missing',
  'not_all_looked_at',
  'unanswered',
  'not_worse',
  'worse',
  'too_few',
  'judge_undecided',
  'noisy',
] as const;

export const EvaluationCheck = z
  .object({
    name: z.enum(CHECKS),
    verdict: z.enum(VERDICTS),
    reason: z.enum(CHECK_REASONS),
    /** In English, with its figures. */
    message: z.string(),
    /** Questions that both evaluations have. */
    pairs: z.int().nullable(),
    before: z.number().nullable(),
    after: z.number().nullable(),
    difference: z.number().nullable(),
    /** Bounds of the difference: 95 % of resamples lie above the one, 95 % below the other. */
    lower: z.number().nullable(),
    upper: z.number().nullable(),
    /** Questions that passed before and fail now, and the other way round; exact McNemar, two-sided. */
    lost: z.int().nullable(),
    gained: z.int().nullable(),
    p: z.number().nullable(),
  })
  .meta({ id: 'EvaluationCheck' });

export const Comparison = z
  .object({
    verdict: z.enum(VERDICTS),
    /** The checks that decided, in words. */
    reasons: z.array(z.string()),
    checks: z.array(EvaluationCheck),
    /** What the figures depend on and that was not the same. */
    changed: z.array(
      z.object({ name: z.string(), before: z.string().nullable(), after: z.string().nullable() }),
    ),
    lost_questions: z.array(z.string()),
    gained_questions: z.array(z.string()),
    margin: z.number(),
    seed: z.int(),
  })
  .meta({ id: 'EvaluationComparison' });

export type EvaluationCheck = z.infer<typeof EvaluationCheck>;
export type CheckReason = EvaluationCheck['reason'];
export type Comparison = z.infer<typeof Comparison>;
