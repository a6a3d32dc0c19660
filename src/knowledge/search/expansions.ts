/** Finds everyday words in a question and says what documents may call them. */
import { isEnglishStopWord, stemEnglish } from '../text/english.ts';
import { normalise } from '../text/normalise.ts';
import { type Expansion, SYNONYM_FACTOR } from './expansion.ts';
import { GLOSSARY } from './glossary.ts';
import { SERVICES_GLOSSARY } from './glossary-services.ts';
import { OFFICE_SYNONYMS } from './office-synonyms.ts';
import { withoutQuestionWords } from './question-words.ts';
import { SERVICE_SYNONYMS } from './service-synonyms.ts';
import { spokenVerbs } from './spoken-verbs.ts';
import { SYNONYMS } from './synonyms.ts';

const TRANSLATION_FACTOR = 0.85;
const MIN_HAN_CHARACTERS = 2;

const HAN_RUN = /\p{Script=Han}+/gu;
const WORD = /[a-z0-9]+/g;

interface Dictionary {
  phrases: Map<string, Map<string, number>>;
  longestHan: number;
  longestWords: number;
}

let dictionary: Dictionary | null = null;

/** Expansions of the words of a normalised span, longest first, none overlapping another. */
export function expansionsOf(span: string): Expansion[] {
  dictionary ??= buildDictionary();
  return [
    ...hanExpansions(span, dictionary),
    ...wordExpansions(span, dictionary),
    ...spokenVerbs(withoutQuestionWords(span)),
  ];
}

function hanExpansions(span: string, { phrases, longestHan }: Dictionary): Expansion[] {
  const found: Expansion[] = [];
  for (const [run] of span.matchAll(HAN_RUN)) {
    let start = 0;
    while (start < run.length) {
      let length = Math.min(longestHan, run.length - start);
      while (length >= MIN_HAN_CHARACTERS && !phrases.has(run.slice(start, start + length))) length -= 1;
      if (length >= MIN_HAN_CHARACTERS) found.push(expansion(run.slice(start, start + length), phrases));
      start += Math.max(1, length);
    }
  }
  return found;
}

function wordExpansions(span: string, { phrases, longestWords }: Dictionary): Expansion[] {
  const words = (span.match(WORD) ?? []).filter((word) => !isEnglishStopWord(word));
  const found: Expansion[] = [];
  let start = 0;
  while (start < words.length) {
    let length = Math.min(longestWords, words.length - start);
    const keyAt = () => keyOf(words.slice(start, start + length));
    while (length >= 1 && !phrases.has(keyAt())) length -= 1;
    if (length >= 1) {
      const phrase = words.slice(start, start + length).join(' ');
      found.push({ ...expansion(keyAt(), phrases), phrase });
    }
    start += Math.max(1, length);
  }
  return found;
}

function expansion(phrase: string, phrases: Dictionary['phrases']): Expansion {
  const alternatives = phrases.get(phrase) as Map<string, number>;
  return { phrase, alternatives: [...alternatives].map(([text, factor]) => ({ text, factor })) };
}

function buildDictionary(): Dictionary {
  const phrases: Dictionary['phrases'] = new Map();
  const add = (from: string, to: string, factor: number) => {
    if (from === to) return;
    const key = /\p{Script=Han}/u.test(from) ? from : keyOf(from.split(' '));
    const alternatives = phrases.get(key) ?? new Map<string, number>();
    alternatives.set(to, Math.max(factor, alternatives.get(to) ?? 0));
    phrases.set(key, alternatives);
  };
  for (const line of linesOf(SYNONYMS + OFFICE_SYNONYMS + SERVICE_SYNONYMS)) {
    const [said, meant] = line.split(' > ').map((side) => side.split(/ = |, /));
    for (const from of said ?? []) for (const to of meant ?? said ?? []) add(from, to, SYNONYM_FACTOR);
  }
  for (const line of linesOf(GLOSSARY + SERVICES_GLOSSARY)) {
    const [english, chinese] = line.split(': ').map((side) => side.split(', '));
    for (const word of english ?? []) {
      for (const translation of chinese ?? []) {
        add(word, translation, TRANSLATION_FACTOR);
        add(translation, word, TRANSLATION_FACTOR);
      }
    }
  }
  const keys = [...phrases.keys()];
  return {
    phrases,
    longestHan: Math.max(...keys.map((key) => (/\p{Script=Han}/u.test(key) ? key.length : 0))),
    longestWords: Math.max(...keys.map((key) => (/\p{Script=Han}/u.test(key) ? 0 : key.split(' ').length))),
  };
}

function linesOf(table: string): string[] {
  return normalise(table)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function keyOf(words: readonly string[]): string {
  return words.map(stemEnglish).join(' ');
}
