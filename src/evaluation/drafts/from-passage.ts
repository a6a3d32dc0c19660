/**
 * Drafts of golden questions from the text of a document, without a model: a rule that names an amount becomes the
 * question for that amount, in its own words. A person reads and approves them; they are good for what they are, which
 * is a question that the document surely answers.
 */
import { GoldenQuestion } from '../../contract/golden.ts';
import { sentenceRanges } from '../../knowledge/text/sentences.ts';
import { type Figure, figuresIn, formsOf } from './figures.ts';

export interface DraftPassage {
  document: string;
  text: string;
  article: string | null;
}

/** Shorter ones name no subject; longer ones are no question. */
const QUESTION_CHARACTERS = { min: 8, max: 90 };
const MAX_ANSWER_CHARACTERS = 500;
const HAN = /\p{Script=Han}/u;
/** A sentence that points elsewhere cannot be asked by itself. */
const POINTS_ELSEWHERE =
  /^(?:其|该|此|前款|上述|本条|但|并|且|以上|同时|其中|the above|it\b|they\b|this\b|these\b)/iu;

/** At most one for each sentence, and none for a passage without an amount. */
export function questionsFromPassage(passage: DraftPassage): Omit<GoldenQuestion, 'id'>[] {
  const body = passage.text.replace(/^#+\s.*$/gmu, '');
  return sentenceRanges(body).flatMap(({ start, end }) => {
    const sentence = body
      .slice(start, end)
      .replace(/^\s*第[零〇一二三四五六七八九十百千\d]+条[\s　]*/u, '')
      .trim();
    const drafted = draftFrom(sentence, passage);
    return drafted === null ? [] : [drafted];
  });
}

function draftFrom(sentence: string, { document, article }: DraftPassage): Omit<GoldenQuestion, 'id'> | null {
  // Rows of tables and lists have no subject of their own.
  if (sentence.includes('|') || POINTS_ELSEWHERE.test(sentence)) return null;
  const figure = figuresIn(sentence)[0];
  if (figure === undefined) return null;
  const question = HAN.test(sentence) ? askInChinese(sentence, figure) : askInEnglish(sentence, figure);
  if (question.length < QUESTION_CHARACTERS.min || question.length > QUESTION_CHARACTERS.max) return null;
  const { id: _, ...draft } = GoldenQuestion.parse({
    id: 'draft',
    question,
    category: 'number',
    language: HAN.test(sentence) ? 'zh' : 'en',
    answer: sentence.slice(0, MAX_ANSWER_CHARACTERS),
    facts: [formsOf(figure)],
    sources: [article === null ? { document } : { document, article }],
    style: 'lexical',
  });
  return draft;
}

/** 享受婚假13天（…） → 享受婚假多少天？ */
function askInChinese(sentence: string, { start, unit }: Figure): string {
  const asked = unit === '%' || unit === '％' ? '百分之多少' : `多少${unit}`;
  return `${sentence.slice(0, start).replace(/[（(「“"]$/u, '')}${asked}？`;
}

/** A lost badge costs 30 yuan to replace. → A lost badge costs how many yuan to replace? */
function askInEnglish(sentence: string, figure: Figure): string {
  const rest = sentence.slice(figure.start + figure.text.length).replace(/[.;].*$/su, '');
  const asked = /^(?:%|percent)$/iu.test(figure.unit) ? 'what percentage' : `how many ${figure.unit}`;
  return `${sentence.slice(0, figure.start)}${asked}${rest}?`;
}
