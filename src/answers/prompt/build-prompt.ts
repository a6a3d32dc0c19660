// The messages for a language model: rules, as much history and as many passages as fit, and always the question.

import { estimateTokens } from '../../knowledge/text/estimate-tokens.ts';
import type { ChatMessage, Passage } from '../ports.ts';
import { cutToTokens } from './cut-to-tokens.ts';
import { SYSTEM_PROMPT_EN } from './system-en.ts';
import { SYSTEM_PROMPT_ZH } from './system-zh.ts';

export interface PromptRequest {
  question: string;
  /** Earlier turns, oldest first. */
  history: readonly ChatMessage[];
  /** Best first. */
  passages: readonly Passage[];
  language: 'zh' | 'en';
  /** The workspace's own wishes, added after the rules. */
  instructions?: string;
  /** For all messages together; what the answer may use is not part of it. */
  budgetTokens: number;
}

export interface Prompt {
  messages: ChatMessage[];
  /** The passages that the model sees, with the numbers that it cites. */
  passages: Passage[];
}

/** Role names and separators that the upstream adds to each message. */
const MESSAGE_OVERHEAD_TOKENS = 6;
/** History gets this share before the passages, and after them whatever they leave. */
const HISTORY_SHARE = 0.25;
/** A passage is cut to fit only when this much of it remains. */
const MIN_CUT_PASSAGE_TOKENS = 60;
/** The question keeps at least this much room, whatever the budget. */
const MIN_QUESTION_TOKENS = 64;

export function buildPrompt(request: PromptRequest): Prompt {
  const { language, budgetTokens } = request;
  const rules = language === 'zh' ? SYSTEM_PROMPT_ZH : SYSTEM_PROMPT_EN;
  const system = request.instructions ? `${rules}\n\n${request.instructions}` : rules;
  let room = budgetTokens - cost(system) - cost(userContent([], '', language));
  const question = fitQuestion(request.question, Math.max(MIN_QUESTION_TOKENS, room), language);
  room -= estimateTokens(question);

  const recent = fitHistory(request.history, room * HISTORY_SHARE);
  const passages = fitPassages(request.passages, room - historyCost(recent));
  const passageTokens = passages.reduce((total, { tokens }) => total + tokens, 0);
  const history = fitHistory(request.history, room - passageTokens);
  return {
    messages: [
      { role: 'system', content: system },
      ...history,
      {
        role: 'user',
        content: userContent(
          passages.map(({ block }) => block),
          question,
          language,
        ),
      },
    ],
    passages: passages.map(({ passage }) => passage),
  };
}

function cost(content: string): number {
  return estimateTokens(content) + MESSAGE_OVERHEAD_TOKENS;
}

function historyCost(history: readonly ChatMessage[]): number {
  return history.reduce((total, { content }) => total + cost(content), 0);
}

function fitQuestion(question: string, maxTokens: number, language: 'zh' | 'en'): string {
  if (estimateTokens(question) <= maxTokens) return question;
  const notice =
    language === 'zh'
      ? '\n（问题过长，后面的部分已略去。）'
      : '\n(The question was too long; the rest of it was left out.)';
  return cutToTokens(question, maxTokens - estimateTokens(notice)) + notice;
}

/** The newest messages that fit, starting with one of the user's. */
function fitHistory(history: readonly ChatMessage[], maxTokens: number): ChatMessage[] {
  const kept: ChatMessage[] = [];
  let tokens = 0;
  for (const message of history.toReversed()) {
    tokens += cost(message.content);
    if (tokens > maxTokens) break;
    kept.unshift(message);
  }
  while (kept[0]?.role === 'assistant') kept.shift();
  return kept;
}

function fitPassages(passages: readonly Passage[], maxTokens: number): FittedPassage[] {
  const fitted: FittedPassage[] = [];
  let room = maxTokens;
  for (const passage of passages) {
    let block = passageBlock(passage, passage.chunk.text);
    let tokens = estimateTokens(block);
    const isCut = tokens > room;
    if (isCut) {
      const textRoom = room - estimateTokens(passageBlock(passage, ''));
      const text = textRoom < MIN_CUT_PASSAGE_TOKENS ? '' : cutToTokens(passage.chunk.text, textRoom);
      if (text === '') break;
      block = passageBlock(passage, text);
      tokens = estimateTokens(block);
    }
    fitted.push({ passage, block, tokens });
    room -= tokens;
    if (isCut || room <= 0) break;
  }
  return fitted;
}

interface FittedPassage {
  passage: Passage;
  block: string;
  tokens: number;
}

/** A passage cannot close its own frame, whatever its text says. */
function passageBlock(passage: Passage, text: string): string {
  const { headingPath, article, page } = passage.chunk;
  const section = [...headingPath, ...(article === null ? [] : [article])].join(' > ');
  const place = page === null ? '' : ` page="${page}"`;
  const open = `<passage number="${passage.number}" document="${attribute(passage.filename)}" section="${attribute(section)}"${place}${standing(passage)}>`;
  return `${open}\n${text.replace(/<(?=[\s/]*passages?\b)/giu, '‹')}\n</passage>\n`;
}

/** Left out where the document's attributes say nothing of it. */
function standing({ standing: told }: Passage): string {
  if (told === undefined) return '';
  const fields = { status: told.state, effective: told.effectiveDate, edition: told.edition };
  return Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => ` ${name}="${attribute(value as string)}"`)
    .join('');
}

function attribute(value: string): string {
  return value.replace(/["<>\n\r]/gu, ' ');
}

function userContent(blocks: readonly string[], question: string, language: 'zh' | 'en'): string {
  const none = language === 'zh' ? '（没有找到相关资料）\n' : '(No passages were found.)\n';
  const label = language === 'zh' ? '问题：' : 'Question: ';
  return `<passages>\n${blocks.length === 0 ? none : blocks.join('')}</passages>\n\n${label}${question}`;
}
