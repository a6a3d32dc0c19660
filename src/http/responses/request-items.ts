/** What a request says, in any of the shapes that clients send: plain text, messages, references to answers. */
import type { Caller } from '../../answers/caller.ts';
import { findAnswer, readAnswerText } from '../../answers/find-answer.ts';
import {
  type AnswerInput,
  type AnswerInputItem,
  type AnswerMessage,
  responseIdOfItem,
} from '../../contract/answer.ts';
import { BudaoError } from '../../contract/errors.ts';
import { newId } from '../../contract/ids.ts';
import type { CreateResponse } from '../../contract/openai/create-response.ts';
import type { ContentPart, InputItem } from '../../contract/openai/input-items.ts';
import type { Run } from '../../runs/run.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { MAX_QUESTION_CHARS } from '../limits.ts';

/** The messages of a request; what refers to an earlier answer is read from there. */
export async function readItems(
  dependencies: HttpDependencies,
  caller: Caller,
  body: CreateResponse,
  replaced: Run | null,
): Promise<AnswerInputItem[]> {
  const input = body.input ?? (replaced === null ? undefined : (replaced.input as AnswerInput).question);
  if (input === undefined) {
    throw new BudaoError('invalid', 'missing_required_parameter', "Missing required parameter: 'input'.", {
      param: 'input',
    });
  }
  if (typeof input === 'string') return [{ id: newId('message'), role: 'user', text: asProse(input) }];
  const items: AnswerInputItem[] = [];
  for (const [index, item] of input.entries()) {
    const read = await readItem(dependencies, caller, item, `input.${index}`);
    if (read !== null) items.push(read);
  }
  return items;
}

async function readItem(
  dependencies: HttpDependencies,
  caller: Caller,
  item: InputItem,
  param: string,
): Promise<AnswerInputItem | null> {
  if ('role' in item && 'content' in item) {
    const { role, content } = item as { role: AnswerInputItem['role']; content: string | ContentPart[] };
    return { id: newId('message'), role, text: textOfContent(content, `${param}.content`) };
  }
  if (item.type !== 'item_reference' && item.type !== undefined && item.type !== null) return null;
  const id = String((item as { id: unknown }).id);
  // Reasoning and searches are part of the answer that is referred to as well.
  if (!id.startsWith('msg_')) return null;
  const run = await findAnswer(dependencies.ledger.read, caller, responseIdOfItem(id), `${param}.id`);
  return {
    id: newId('message'),
    role: 'assistant',
    text: await readAnswerText(dependencies.ledger.read, run),
  };
}

/** The last message of the user is the question; what stands around it is context. */
export function splitQuestion(
  items: readonly AnswerInputItem[],
  param: string,
): { question: string; messages: AnswerMessage[] } {
  const questionIndex = items.findLastIndex((item) => item.role === 'user');
  const question = items[questionIndex]?.text.trim() ?? '';
  if (question === '') {
    throw new BudaoError(
      'invalid',
      'question_empty',
      'There is no question: send a user message with some text.',
      {
        param,
      },
    );
  }
  if (question.length > MAX_QUESTION_CHARS) {
    throw new BudaoError(
      'invalid',
      'question_too_long',
      `The question has ${question.length} characters; the limit is ${MAX_QUESTION_CHARS}. Upload long material as a document and ask about it.`,
      { param },
    );
  }
  const messages = items
    .filter((item, index) => index !== questionIndex && item.text !== '')
    .map(
      (item): AnswerMessage => ({
        role: item.role === 'developer' ? 'system' : item.role,
        content: item.text,
      }),
    );
  return { question, messages };
}

/** The text of a message's content. @throws BudaoError unsupported_content for images, files and audio */
export function textOfContent(content: string | readonly ContentPart[], param: string): string {
  if (typeof content === 'string') return asProse(content);
  const texts: string[] = [];
  for (const [index, part] of content.entries()) {
    if ('text' in part && typeof part.text === 'string') texts.push(part.text);
    else if ('refusal' in part && typeof part.refusal === 'string') texts.push(part.refusal);
    else {
      throw new BudaoError(
        'invalid',
        'unsupported_content',
        `Content of type '${part.type}' is not supported in a question. Upload files to a knowledge base and ask about them.`,
        { param: `${param}.${index}` },
      );
    }
  }
  return asProse(texts.join('\n'));
}

/** What is pasted from terminals and PDFs brings invisible characters along; they go, as they do from documents. */
function asProse(text: string): string {
  return text.replaceAll(/[\v\f\u0085]/g, '\n').replaceAll(/[^\P{Cc}\t\n\r]/gu, '');
}
