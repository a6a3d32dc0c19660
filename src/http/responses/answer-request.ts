/** From a request body to the input of an answer run: everything is checked here, before anything is stored. */
import { z } from 'zod';
import type { Caller } from '../../answers/caller.ts';
import { findAnswer } from '../../answers/find-answer.ts';
import { missingKnowledgeBases } from '../../answers/knowledge-bases.ts';
import type { AnswerInput } from '../../contract/answer.ts';
import { BudaoError } from '../../contract/errors.ts';
import { type CreateResponse, FileSearchTool } from '../../contract/openai/create-response.ts';
import { parseAttributeFilter } from '../../knowledge/retrieve/attribute-filter.ts';
import { scopeSql } from '../../ledger/scope.ts';
import { isTerminal, type Run } from '../../runs/run.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { hashBody } from '../foundation/idempotency.ts';
import { validate } from '../foundation/validate.ts';
import { MAX_INSTRUCTIONS_CHARS } from '../limits.ts';
import { readItems, splitQuestion } from './request-items.ts';

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
    filters: search?.filters == null ? null : parseAttributeFilter(search.filters),
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
    'knowledge_base_not_found',
    `There is no knowledge base ${ids.join(', ')}.`,
    {
      param: 'tools.0.vector_store_ids',
    },
  );
}
