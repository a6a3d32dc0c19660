/** What the routes of golden sets and evaluations take. */
import { z } from 'zod';
import { GoldenQuestion } from './golden.ts';
import { Line, Lines } from './openai/common.ts';

const Name = Line.trim().min(1).max(200);
const Ids = z.array(z.string().min(1).max(200)).max(20);
/** Below the limit of a request's body. */
const Questions = z.string().max(1_900_000);

export const GoldenSetBody = z
  .strictObject({
    name: Name,
    description: Lines.max(2_000).nullish(),
    /** Null or empty: the workspace's default one. */
    knowledge_base_ids: Ids.nullish(),
  })
  .meta({ id: 'GoldenSetBody' });

export const GoldenSetChange = z
  .strictObject({
    name: Name.optional(),
    description: Lines.max(2_000).nullish(),
    knowledge_base_ids: Ids.nullish(),
    /** An evaluation of the set; null for none. */
    baseline_id: z.string().max(200).nullish(),
  })
  .meta({ id: 'GoldenSetChange' });

export const GoldenImport = z
  .strictObject({
    /** JSON Lines, one question a line. */
    questions: Questions,
    /** True: the set holds these and no others afterwards. */
    replace: z.boolean().default(false),
  })
  .meta({ id: 'GoldenImport' });

const State = z.enum(['approved', 'draft']);

export const GoldenQuestionBody = z
  .strictObject({
    question: z.looseObject({}).describe('A golden question; its id is made where there is none.'),
    state: State.default('approved'),
  })
  .meta({ id: 'GoldenQuestionBody' });

export const GoldenQuestionChange = z
  .strictObject({ question: GoldenQuestion.optional(), state: State.optional() })
  .meta({ id: 'GoldenQuestionChange' });

export const GoldenTurnBody = z
  .strictObject({ response_id: z.string().min(1).max(200) })
  .meta({ id: 'GoldenTurnBody' });

export const GoldenDraftsBody = z
  .strictObject({
    count: z.int().min(1).max(200).default(20),
    knowledge_base_ids: Ids.nullish(),
    /** False drafts from the text alone, also where a model is configured. */
    use_model: z.boolean().default(true),
  })
  .meta({ id: 'GoldenDraftsBody' });

export const GoldenQuestionsQuery = z.looseObject({
  state: State.optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(1_000)).default(200),
  /** The position of the last one that is known. */
  after: z.coerce.number().pipe(z.int().min(0)).default(0),
});

export const EvaluationBody = z
  .strictObject({
    /** Id or name of a golden set; or else `questions`. */
    golden_set: z.string().min(1).max(200).optional(),
    /** JSON Lines: asked once and not kept as a set. */
    questions: Questions.optional(),
    name: Name.optional(),
    knowledge_base_ids: Ids.nullish(),
    /** A configured model, or `extractive`. */
    model: Line.min(1).max(200).nullish(),
    /** False measures retrieval alone. */
    answers: z.boolean().default(true),
    /** Asks the configured model for a second opinion on each answer. */
    judge: z.boolean().default(false),
    /** Later evaluations of the set are compared with this one, unless it fails. */
    save_baseline: z.boolean().default(false),
  })
  .refine(({ golden_set, questions }) => (golden_set === undefined) !== (questions === undefined), {
    message: 'give either golden_set or questions',
    path: ['golden_set'],
  })
  .meta({ id: 'EvaluationBody' });

export const EvaluationsQuery = z.looseObject({
  golden_set: z.string().max(200).optional(),
  limit: z.coerce.number().pipe(z.int().min(1).max(200)).default(50),
  after: z.string().max(200).optional(),
});

export const CompareBody = z
  .strictObject({
    before: z.string().min(1).max(200),
    after: z.string().min(1).max(200),
    /** Another evaluation of what was before: what differs there is noise. */
    control: z.string().min(1).max(200).nullish(),
    margin: z.number().min(0).max(0.5).optional(),
    seed: z.int().min(0).max(0xff_ff_ff_ff).optional(),
  })
  .meta({ id: 'CompareBody' });
