/**
 * Checks the sample knowledge base: every file is listed and extracts to what was written, and every fact of the
 * golden set stands in its source. `npx node scripts/check-samples.ts`; exit code 1 with the list of problems.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { extract } from '../src/knowledge/extract/extract.ts';
import type { ExtractedDocument } from '../src/knowledge/extract/extracted-document.ts';
import { defaultExtractionLimits } from '../src/knowledge/extract/limits.ts';
import { checkExtraction } from './samples/check-extraction.ts';
import { checkGolden, checkSuggestions } from './samples/check-golden.ts';
import { hospitalFolder, readGolden, readManifest, sourcesFolder } from './samples/sample-set.ts';
import { parseSource } from './samples/source-blocks.ts';

const manifest = readManifest();
const questions = readGolden(manifest.goldenSet);
const documents = new Map<string, ExtractedDocument>();
const problems = checkFolder();

for (const { file } of manifest.documents) {
  const document = await extract(join(hospitalFolder, file), file, defaultExtractionLimits);
  documents.set(file, document);
  const found = checkDocument(file, document);
  problems.push(...found.map((problem) => `${file}: ${problem}`));
  const characters = document.blocks.reduce((sum, block) => sum + block.text.length, 0);
  console.log(
    `${file}: ${document.format}, ${document.blocks.length} blocks, ${characters} characters, ${document.pages ?? 'no'} pages, ${found.length} problems`,
  );
}
problems.push(...checkGolden(questions, documents), ...checkSuggestions(manifest, documents));

console.log(`${documents.size} documents, ${questions.length} questions, ${problems.length} problems`);
for (const problem of problems) {
  console.log(`- ${problem}`);
}
process.exitCode = problems.length === 0 ? 0 : 1;

function checkFolder(): string[] {
  const listed = new Set(manifest.documents.map(({ file }) => file));
  const present = readdirSync(hospitalFolder).filter(
    (name) => !['manifest.json', manifest.goldenSet].includes(name),
  );
  return [
    ...[...listed].filter((file) => !present.includes(file)).map((file) => `${file}: listed but absent`),
    ...present.filter((file) => !listed.has(file)).map((file) => `${file}: not in the manifest`),
  ];
}

function checkDocument(file: string, document: ExtractedDocument): string[] {
  const name = file.replace(/\.\w+$/, '');
  const markdownPath = join(file.endsWith('.md') ? hospitalFolder : sourcesFolder, `${name}.md`);
  const warnings = document.warnings.map((warning) => `warning: ${warning}`);
  if (!existsSync(markdownPath) || file.endsWith('.md')) {
    return warnings;
  }
  return [...warnings, ...checkExtraction(parseSource(readFileSync(markdownPath, 'utf8')), document)];
}
