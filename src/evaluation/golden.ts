/** Golden sets: questions with reference answers, one JSON object a line. */
import { z } from 'zod';
import { BudaoError } from '../contract/errors.ts';

const goldenQuestion = z.object({
  id: z.string().min(1),
  question: z.string().min(1),
  category: z.string(),
  language: z.string(),
  answer: z.string(),
  /** Required facts; each is a list of accepted surface forms. Empty where no document answers. */
  facts: z.array(z.array(z.string())),
  sources: z.array(z.object({ document: z.string(), article: z.string().optional() })),
  /** True: one of the sources is enough; false: all are needed. */
  any: z.boolean(),
  style: z.string(),
  derived: z.boolean().optional(),
  history: z.array(z.object({ role: z.enum(['user', 'assistant']), content: z.string() })).optional(),
});

export type GoldenQuestion = z.infer<typeof goldenQuestion>;

/** @throws BudaoError golden_invalid with the number of the first bad line */
export function parseGolden(text: string): GoldenQuestion[] {
  const questions = text
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, index + 1)]));
  if (questions.length === 0) throw invalid('The golden set holds no question.');
  return questions;
}

export function isAnswerable(question: GoldenQuestion): boolean {
  return question.sources.length > 0;
}

function parseLine(line: string, number: number): GoldenQuestion {
  try {
    return goldenQuestion.parse(JSON.parse(line));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw invalid(`Line ${number} of the golden set is not a question: ${reason}`, error);
  }
}

function invalid(message: string, cause?: unknown): BudaoError {
  return new BudaoError('invalid', 'golden_invalid', message, { cause });
}
