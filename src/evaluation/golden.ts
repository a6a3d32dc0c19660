/** Golden sets: questions with reference answers, one JSON object a line. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BudaoError } from '../contract/errors.ts';
import { GoldenQuestion, UNANSWERABLE } from '../contract/golden.ts';

export type { GoldenQuestion } from '../contract/golden.ts';

export interface BrokenLine {
  /** From 1. */
  line: number;
  reason: string;
}

export const MAX_QUESTIONS = 5_000;
const MAX_LINES_TOLD = 20;

/** @throws BudaoError golden_invalid with the numbers of all broken lines */
export function parseGolden(text: string): GoldenQuestion[] {
  const { questions, broken } = readGolden(text);
  if (broken.length > 0) throw invalid(describeBroken(broken));
  if (questions.length === 0) throw invalid('The golden set holds no question.');
  if (questions.length > MAX_QUESTIONS) {
    throw invalid(
      `The golden set has ${questions.length} questions; the limit is ${MAX_QUESTIONS}. Split it.`,
    );
  }
  return questions;
}

/** The questions that can be read, and every line that cannot. An id that comes again is a broken line too. */
export function readGolden(text: string): { questions: GoldenQuestion[]; broken: BrokenLine[] } {
  const questions: GoldenQuestion[] = [];
  const broken: BrokenLine[] = [];
  const lineOfId = new Map<string, number>();
  for (const [index, content] of text
    .replace(/^\uFEFF/u, '')
    .split('\n')
    .entries()) {
    if (content.trim() === '') continue;
    const line = index + 1;
    const read = readLine(content);
    if (typeof read === 'string') {
      broken.push({ line, reason: read });
      continue;
    }
    const before = lineOfId.get(read.id);
    if (before !== undefined) broken.push({ line, reason: `the id '${read.id}' is that of line ${before}` });
    lineOfId.set(read.id, line);
    questions.push(read);
  }
  return { questions, broken };
}

/** Some document answers it. */
export function isAnswerable(question: Pick<GoldenQuestion, 'category' | 'sources' | 'facts'>): boolean {
  return question.category !== UNANSWERABLE && (question.sources.length > 0 || question.facts.length > 0);
}

export function writeGolden(questions: readonly GoldenQuestion[]): string {
  return questions.map((question) => `${JSON.stringify(question)}\n`).join('');
}

/** SHA-256 of what the questions ask and want; the order of their fields does not count. */
export function hashGolden(questions: readonly GoldenQuestion[]): string {
  const hash = createHash('sha256');
  for (const question of questions) hash.update(JSON.stringify(Object.entries(question).sort(byName)));
  return hash.digest('hex');
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** The question, or why the line is none. */
function readLine(content: string): GoldenQuestion | string {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    return `no JSON: ${(error as Error).message}`;
  }
  const read = GoldenQuestion.safeParse(value);
  return read.success ? read.data : z.prettifyError(read.error).replaceAll(/\s*\n\s*/gu, ' ');
}

function describeBroken(broken: readonly BrokenLine[]): string {
  const told = broken.slice(0, MAX_LINES_TOLD).map(({ line, reason }) => `Line ${line}: ${reason}`);
  const more = broken.length - told.length;
  return [
    `${broken.length} ${broken.length === 1 ? 'line' : 'lines'} of the golden set cannot be read; nothing was taken.`,
    ...told,
    ...(more > 0 ? [`… and ${more} more`] : []),
  ].join('\n');
}

function invalid(message: string): BudaoError {
  return new BudaoError('invalid', 'golden_invalid', message);
}
