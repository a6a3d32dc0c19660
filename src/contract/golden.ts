/** A golden question: what is asked, and by what an answer is known to be right. */
import { z } from 'zod';

/** The category of questions that no document answers; the right answer is to say so. */
export const UNANSWERABLE = 'unanswerable';

const Word = z.string().min(1).max(64);
const Text = z.string().max(8_000);

export const GoldenSource = z.strictObject({
  /** File name of the document. */
  document: z.string().min(1).max(512),
  /** As the document numbers it: 第三条. */
  article: z.string().min(1).max(64).optional(),
});

export const GoldenQuestion = z
  .object({
    id: z.string().min(1).max(128),
    question: z.string().trim().min(1).max(8_000),
    category: Word.default('other'),
    language: z.string().max(16).default('zh'),
    /** A reference answer in one sentence, for people. */
    answer: Text.default(''),
    /** Required facts; each is a list of accepted surface forms. Empty where no document answers. */
    facts: z
      .array(z.array(z.string().min(1).max(512)).min(1).max(50))
      .max(50)
      .default([]),
    sources: z.array(GoldenSource).max(50).default([]),
    /** True: one of the sources is enough; false: all are needed. */
    any: z.boolean().default(true),
    style: Word.default('other'),
    derived: z.boolean().optional(),
    history: z
      .array(z.object({ role: z.enum(['user', 'assistant']), content: Text }))
      .max(50)
      .optional(),
    /** Documents that whoever asks must never be shown: one that is found or cited is a leak. */
    forbidden: z.array(z.string().min(1).max(512)).max(50).optional(),
  })
  .superRefine((question, context) => {
    const hasProof = question.sources.length > 0 || question.facts.length > 0;
    if (question.category === UNANSWERABLE && hasProof) {
      context.addIssue(`a question of the category '${UNANSWERABLE}' has neither facts nor sources`);
    }
    if (question.category !== UNANSWERABLE && !hasProof) {
      context.addIssue(`give facts or sources; where no document answers, say category '${UNANSWERABLE}'`);
    }
  })
  .meta({ id: 'GoldenQuestion' });

export type GoldenQuestion = z.infer<typeof GoldenQuestion>;
