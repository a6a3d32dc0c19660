import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

export const samplesFolder = join(import.meta.dirname, '..', '..', 'samples');
export const hospitalFolder = join(samplesFolder, 'hospital');
export const sourcesFolder = join(samplesFolder, 'sources', 'hospital');

const sourceSchema = z.strictObject({ document: z.string(), article: z.string().optional() });

const questionSchema = z.strictObject({
  id: z.string(),
  question: z.string(),
  category: z.enum(['number', 'policy', 'process', 'multi', 'unanswerable']),
  language: z.enum(['zh', 'en']),
  answer: z.string(),
  facts: z.array(z.array(z.string()).min(1)),
  sources: z.array(sourceSchema),
  any: z.boolean(),
  style: z.enum(['lexical', 'paraphrase', 'colloquial', 'crosslingual', 'followup']),
  derived: z.literal(true).optional(),
  history: z.array(z.strictObject({ role: z.enum(['user', 'assistant']), content: z.string() })).optional(),
});

const manifestSchema = z.strictObject({
  name: z.strictObject({ zh: z.string(), en: z.string() }),
  description: z.strictObject({ zh: z.string(), en: z.string() }),
  goldenSet: z.string(),
  documents: z.array(
    z.strictObject({
      file: z.string(),
      title: z.string(),
      language: z.enum(['zh-Hans', 'zh-Hant', 'en']),
      attributes: z.record(z.string(), z.string()),
    }),
  ),
  suggestedQuestions: z.array(
    z.strictObject({
      language: z.enum(['zh', 'en']),
      question: z.string(),
      answer: z.string(),
      source: sourceSchema,
    }),
  ),
});

export type GoldenQuestion = z.infer<typeof questionSchema>;
export type SampleManifest = z.infer<typeof manifestSchema>;

export function readManifest(): SampleManifest {
  return manifestSchema.parse(JSON.parse(readFileSync(join(hospitalFolder, 'manifest.json'), 'utf8')));
}

export function readGolden(file: string): GoldenQuestion[] {
  const lines = readFileSync(join(hospitalFolder, file), 'utf8').trimEnd().split('\n');
  return lines.map((line) => questionSchema.parse(JSON.parse(line)));
}
