// How to say that the documents do not answer the question.

import type { ExtractiveAnswer, Passage } from '../ports.ts';
import { documentTitle } from './present-unit.ts';
import type { Language } from './question.ts';

const TITLES_SHOWN = 3;

/** Says plainly that the documents do not answer, where was looked, and what to try; holds no figure and no rule. */
export function declineAnswer(passages: readonly Passage[], language: Language): ExtractiveAnswer {
  const titles = [
    ...new Set(passages.map(({ filename, chunk }) => documentTitle(filename, chunk.headingPath))),
  ];
  const shown = titles.slice(0, TITLES_SHOWN);
  const text = language === 'zh' ? zhMessage(shown) : enMessage(shown);
  return { declined: true, sentences: text.map((sentence) => ({ text: sentence, citations: [] })) };
}

function zhMessage(titles: readonly string[]): string[] {
  const looked =
    titles.length === 0
      ? ''
      : `最接近的文档是${titles.map((title) => `《${title}》`).join('、')}，其中没有可以引用的依据。`;
  return [
    `知识库中的文档没有涵盖这个问题，无法据此作答。${looked}`,
    '可以换一种说法再问，或请管理员补充相关文档。',
  ];
}

function enMessage(titles: readonly string[]): string[] {
  const looked =
    titles.length === 0 ? '' : ` The closest documents were ${titles.join(', ')}; none of them settles it.`;
  return [
    `The documents do not cover this question, so it cannot be answered from them.${looked}`,
    'Try other words, or ask an administrator to add the documents that it needs.',
  ];
}
