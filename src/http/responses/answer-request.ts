/** From a request body to the input of an answer run: everything is checked here, before anything is stored. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Caller } from '../../answers/caller.ts';
import { findAnswer, readAnswerText } from '../../answers/find-answer.ts';
import { missingKnowledgeBases } from '../../answers/knowledge-bases.ts';
import {
  type AnswerInput,
  type AnswerInputItem,
  type AnswerMessage,
  responseIdOfItem,
} from '../../contract/answer.ts';
import { BudaoError } from '../../contract/errors.ts';
import { newId } from '../../contract/ids.ts';
import { type CreateResponse, FileSearchTool } from '../../contract/openai/create-response.ts';
import type { ContentPart, InputItem } from '../../contract/openai/input-items.ts';
import { scopeSql } from '../../ledger/scope.ts';
import { isTerminal, type Run } from '../../runs/run.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { validate } from '../foundation/validate.ts';
import { MAX_INSTRUCTIONS_CHARS, MAX_QUESTION_CHARS } from '../limits.ts';

export async function answerInputFor(
  dependencies: HttpDependencies,
  caller: Caller,
  body: CreateResponse,
): Promise<AnswerInput> {
  const { ledger } = dependencies;
  refuseUnsupported(body);
  const replaced = await replacedAnswer(dependencies, caller, body);
  const previous = await previousAnswer(dependencies, caller, body);
  const inputItems = await readItems(dependencies, caller, body, replaced);
  const search = fileSearchOf(body);
  const missing = await missingKnowledgeBases(
    scopeSql(ledger.read, caller.workspaceId),
    search?.vector_store_ids ?? [],
  );
  if (missing.length > 0) throw knowledgeBaseNotFound(missing);
  return {
    surface: 'responses',
    ...splitQuestion(inputItems, 'input'),
    inputItems,
    instructions: checkedInstructions(body.instructions ?? null),
    conversationId: conversationOf(body, replaced),
    previousResponseId: previous?.id ?? null,
    replacesResponseId: replaced?.id ?? null,
    knowledgeBaseIds: search?.vector_store_ids ?? null,
    fileSearchRequested: search !== null && search.vector_store_ids.length > 0,
    filters: (search?.filters ?? null) as AnswerInput['filters'],
    maxNumResults: search?.max_num_results ?? null,
    scoreThreshold: search?.ranking_options?.score_threshold ?? null,
    includeSearchResults: body.include?.includes('file_search_call.results') === true,
    model: modelFor(dependencies, body.model),
    temperature: body.temperature ?? null,
    topP: body.top_p ?? null,
    maxOutputTokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    store: body.store ?? true,
    background: body.background ?? false,
    ownerId: caller.ownerId,
    bodyHash: hashBody('responses', body),
  };
}

/** An unknown model name gets the best available one, and the answer says which: clients come with names built in. */
export function modelFor(dependencies: HttpDependencies, wanted: string | null | undefined): string {
  if (wanted === 'extractive') return wanted;
  return wanted !== null && wanted !== undefined && dependencies.generatorNames.includes(wanted)
    ? wanted
    : 'budao';
}

export function hashBody(surface: string, body: object): string {
  return createHash('sha256').update(surface).update(JSON.stringify(body)).digest('hex');
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
  if (typeof content === 'string') return content;
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
  return texts.join('\n');
}

async function readItems(
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
  if (typeof input === 'string') return [{ id: newId('message'), role: 'user', text: input }];
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

function fileSearchOf(body: CreateResponse): FileSearchTool | null {
  let search: FileSearchTool | null = null;
  for (const [index, tool] of (body.tools ?? []).entries()) {
    if (tool.type !== 'file_search') {
      throw new BudaoError(
        'invalid',
        'unsupported_tool',
        `The tool '${tool.type}' is not supported here: only file_search is.`,
        { param: `tools.${index}.type` },
      );
    }
    if (search !== null) {
      throw new BudaoError(
        'invalid',
        'invalid_value',
        'Give one file_search tool with all vector_store_ids.',
        {
          param: `tools.${index}`,
        },
      );
    }
    search = validate(z.object({ tools: z.record(z.string(), FileSearchTool) }), {
      tools: { [index]: tool },
    }).tools[index] as FileSearchTool;
  }
  return search;
}

function refuseUnsupported(body: CreateResponse): void {
  const format = body.text?.format?.type;
  if (format !== undefined && format !== 'text') {
    throw new BudaoError(
      'invalid',
      'unsupported_parameter',
      `The output format '${format}' is not supported: answers are text with citations.`,
      { param: 'text.format' },
    );
  }
  const isPair = (body.conversation ?? null) !== null && (body.previous_response_id ?? null) !== null;
  if (isPair) {
    throw new BudaoError(
      'invalid',
      'mutually_exclusive_parameters',
      'Give either conversation or previous_response_id, not both.',
      { param: 'previous_response_id' },
    );
  }
}

async function previousAnswer(
  { ledger }: HttpDependencies,
  caller: Caller,
  body: CreateResponse,
): Promise<Run | null> {
  const id = body.previous_response_id ?? null;
  if (id === null) return null;
  const run = await findAnswer(ledger.read, caller, id, 'previous_response_id');
  if (!isTerminal(run.status)) throw stillInProgress(id, 'previous_response_id');
  return run;
}

async function replacedAnswer(
  { ledger }: HttpDependencies,
  caller: Caller,
  body: CreateResponse,
): Promise<Run | null> {
  const id = body.replaces_response_id ?? null;
  if (id === null) return null;
  const run = await findAnswer(ledger.read, caller, id, 'replaces_response_id');
  if (!isTerminal(run.status)) throw stillInProgress(id, 'replaces_response_id');
  if ((run.input as AnswerInput).conversationId === null) {
    throw new BudaoError(
      'invalid',
      'response_without_conversation',
      `Response ${id} is in no conversation, so there is no place to take. Ask again without replaces_response_id.`,
      { param: 'replaces_response_id' },
    );
  }
  return run;
}

function conversationOf(body: CreateResponse, replaced: Run | null): string | null {
  const given = typeof body.conversation === 'string' ? body.conversation : (body.conversation?.id ?? null);
  if (replaced === null) return given;
  const { conversationId } = replaced.input as AnswerInput;
  if (given !== null && given !== conversationId) {
    throw new BudaoError(
      'invalid',
      'conversation_mismatch',
      `Response ${replaced.id} belongs to another conversation.`,
      { param: 'conversation' },
    );
  }
  return conversationId;
}

function checkedInstructions(instructions: string | null): string | null {
  if (instructions !== null && instructions.length > MAX_INSTRUCTIONS_CHARS) {
    throw new BudaoError(
      'invalid',
      'instructions_too_long',
      `The instructions have ${instructions.length} characters; the limit is ${MAX_INSTRUCTIONS_CHARS}.`,
      { param: 'instructions' },
    );
  }
  return instructions;
}

function stillInProgress(id: string, param: string): BudaoError {
  return new BudaoError(
    'conflict',
    'response_in_progress',
    `Response ${id} is still being written. Wait for it or cancel it first.`,
    { param },
  );
}

function knowledgeBaseNotFound(ids: readonly string[]): BudaoError {
  return new BudaoError(
    'not_found',
    'vector_store_not_found',
    `There is no knowledge base ${ids.join(', ')}.`,
    {
      param: 'tools.0.vector_store_ids',
    },
  );
}
