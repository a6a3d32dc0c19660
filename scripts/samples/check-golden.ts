import { type GoldenQuestion, isAnswerable } from '../../src/evaluation/golden.ts';
import { containsForm } from '../../src/evaluation/scoring.ts';
import type { ExtractedDocument } from '../../src/knowledge/extract/extracted-document.ts';
import type { SampleManifest } from './sample-set.ts';

type Documents = ReadonlyMap<string, ExtractedDocument>;
type Source = GoldenQuestion['sources'][number];

const articleStart = /^第[零〇一二三四五六七八九十百千]+条(?=\s)/;

/** Every source exists, every fact stands in it, and the reference answer states all its facts. */
export function checkGolden(questions: GoldenQuestion[], documents: Documents): string[] {
  const ids = new Set(questions.map((question) => question.id));
  const problems = ids.size === questions.length ? [] : ['golden: ids repeat'];
  return problems.concat(questions.flatMap((question) => checkQuestion(question, documents)));
}

export function checkSuggestions(manifest: SampleManifest, documents: Documents): string[] {
  return manifest.suggestedQuestions
    .filter(({ source }) => sourceText(source, documents) === null)
    .map(({ question }) => `suggested question "${question}": its source does not exist`);
}

function checkQuestion(question: GoldenQuestion, documents: Documents): string[] {
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(`${question.id}: ${problem}`);
  const needsSources = question.category !== 'unanswerable';
  if (needsSources !== isAnswerable(question) || needsSources !== question.facts.length > 0) {
    report('facts and sources are for answerable questions, and for all of them');
  }
  if ((question.style === 'followup') !== (question.history !== undefined)) {
    report('history goes with the style followup');
  }
  const texts = question.sources.map((source) => sourceText(source, documents));
  if (texts.includes(null)) {
    report('a source document or article does not exist');
  }
  for (const forms of question.facts) {
    const stands = texts.map((text) => text !== null && forms.some((form) => containsForm(text, form)));
    const isBacked = question.any ? stands.every(Boolean) : stands.some(Boolean);
    if (!isBacked && question.derived !== true) {
      report(`fact ${forms[0]} does not stand in its source`);
    }
    if (!forms.some((form) => containsForm(question.answer, form))) {
      report(`the reference answer lacks ${forms[0]}`);
    }
  }
  return problems;
}

/** The whole document, or the article from its number to the next one; null if there is none. */
function sourceText(source: Source, documents: Documents): string | null {
  const blocks = documents.get(source.document)?.blocks;
  if (blocks === undefined || source.article === undefined) {
    return blocks?.map((block) => block.text).join('\n') ?? null;
  }
  const start = blocks.findIndex(({ text }) => articleStart.exec(text)?.[0] === source.article);
  if (start === -1) {
    return null;
  }
  const following = blocks.slice(start + 1).findIndex(({ text }) => articleStart.test(text));
  const end = following === -1 ? blocks.length : start + 1 + following;
  return blocks
    .slice(start, end)
    .map((block) => block.text)
    .join('\n');
}
