import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type GoldenQuestion, parseGolden } from '../../src/evaluation/golden.ts';

export const samplesFolder = join(import.meta.dirname, '..', '..', 'samples');
export const hospitalFolder = join(samplesFolder, 'hospital');
export const sourcesFolder = join(samplesFolder, 'sources', 'hospital');

const sourceSchema = z.strictObject({ document: z.string(), article: z.string().optional() });

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

export type SampleManifest = z.infer<typeof manifestSchema>;

export function readManifest(): SampleManifest {
  return manifestSchema.parse(JSON.parse(readFileSync(join(hospitalFolder, 'manifest.json'), 'utf8')));
}

export function readGolden(file: string): GoldenQuestion[] {
  return parseGolden(readFileSync(join(hospitalFolder, file), 'utf8'));
}
