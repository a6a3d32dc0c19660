import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { extract } from '../../src/knowledge/extract/extract.ts';
import type { ExtractedDocument } from '../../src/knowledge/extract/extracted-document.ts';
import { defaultExtractionLimits } from '../../src/knowledge/extract/limits.ts';
import { checkExtraction } from './check-extraction.ts';
import { checkGolden, checkSuggestions } from './check-golden.ts';
import {
  hospitalFolder,
  readGolden,
  readManifest,
  type SampleManifest,
  sourcesFolder,
} from './sample-set.ts';
import { parseSource } from './source-blocks.ts';

export interface SampleReport {
  documents: ReadonlyMap<string, ExtractedDocument>;
  questionCount: number;
  /** One sentence each; empty if all is well. */
  problems: string[];
}

/** Every file is listed and extracts to what was written, and every golden fact stands in its source. */
export async function checkSamples(): Promise<SampleReport> {
  const manifest = readManifest();
  const questions = readGolden(manifest.goldenSet);
  const documents = new Map<string, ExtractedDocument>();
  const problems = checkFolder(manifest);
  for (const { file } of manifest.documents) {
    const document = await extract(join(hospitalFolder, file), file, defaultExtractionLimits);
    documents.set(file, document);
    problems.push(...checkDocument(file, document).map((problem) => `${file}: ${problem}`));
  }
  problems.push(...checkGolden(questions, documents), ...checkSuggestions(manifest, documents));
  return { documents, questionCount: questions.length, problems };
}

function checkFolder(manifest: SampleManifest): string[] {
  const listed = new Set(manifest.documents.map(({ file }) => file));
  const present = readdirSync(hospitalFolder).filter(
    (name) => !['manifest.json', manifest.goldenSet].includes(name),
  );
  return [
    ...[...listed].filter((file) => !present.includes(file)).map((file) => `${file}: listed but absent`),
    ...present.filter((file) => !listed.has(file)).map((file) => `${file}: not in the manifest`),
  ];
}

/** Documents without a plain source of their own are their own source, and are only asked to read without warnings. */
function checkDocument(file: string, document: ExtractedDocument): string[] {
  const warnings = document.warnings.map((warning) => `warning: ${warning.message}`);
  const sourcePath = join(sourcesFolder, file.replace(/\.\w+$/, '.md'));
  return existsSync(sourcePath)
    ? [...warnings, ...checkExtraction(parseSource(readFileSync(sourcePath, 'utf8')), document)]
    : warnings;
}
