import { text as readAll } from 'node:stream/consumers';
import type { FileCitation, ResponseObject } from '../../contract/openai/response-object.ts';
import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { ServiceClient } from '../service/client.ts';
import { followAnswer } from '../service/follow-answer.ts';
import { requireKnowledgeBase } from '../service/knowledge-bases.ts';
import { connect } from '../service/locate.ts';
import { placeOf } from '../service/place.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { withoutControls } from '../terminal/one-line.ts';
import type { AddCommand } from './add-command.ts';

const CANCEL_TIMEOUT_MS = 5_000;

interface AskOptions {
  kb?: string;
  model?: string;
  conversation?: string;
  stream: boolean;
}

export const addAskCommand: AddCommand = (program, { messages, action }) => {
  const t = messages.ask;
  program
    .command('ask')
    .description(t.description)
    .argument('<question>', t.question)
    .option('--kb <id|name>', t.kb)
    .option('--model <name>', t.model)
    .option('--conversation <id>', t.conversation)
    .option('--no-stream', t.noStream)
    .addHelpText(
      'after',
      messages.example('budao ask "How do I get a VPN account?"', 'echo "…" | budao ask -'),
    )
    .action(
      action((context, [question, options]) => ask(context, question as string, options as AskOptions)),
    );
};

async function ask(context: CliContext, question: string, options: AskOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const input = question === '-' ? await readAll(process.stdin) : question;
  if (input.trim() === '') {
    throw new CliError(EXIT.usage, 'question_empty', messages.errors.questionEmpty, {
      hint: 'budao ask "…"',
    });
  }
  await using client = await connect(context);
  const body = await requestBody(context, client, input, options);
  const isStreaming = options.stream && !terminal.isJson;
  using stopping = new CancelOnInterrupt(client, () => terminal.note(`\n${messages.ask.cancelling}`));
  try {
    const response = await followAnswer(
      client,
      body,
      {
        onStarted: (id) => stopping.watch(id),
        onText: (text) => isStreaming && terminal.stdout.write(withoutControls(text)),
        onResumed: () => terminal.isWatched && terminal.note(terminal.dim(messages.ask.resumed)),
        onDeferred: (reason) => terminal.note(terminal.dim(messages.ask.deferred(withoutControls(reason)))),
      },
      stopping.signal,
    );
    terminal.result(response, () => inWords(context, response, isStreaming));
    return exitCodeOf(context, response);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    await stopping.cancelled;
    terminal.note(messages.ask.cancelled);
    return EXIT.interrupted;
  }
}

async function requestBody(
  { messages }: CliContext,
  client: ServiceClient,
  input: string,
  options: AskOptions,
): Promise<object> {
  const { kb, model, conversation } = options;
  const base = kb === undefined ? null : await requireKnowledgeBase(client, messages, kb);
  if (model !== undefined) await requireModel(client, messages, model);
  const conversationId =
    conversation === 'new'
      ? (await client.json<{ id: string }>('POST', '/v1/conversations', {})).id
      : conversation;
  return {
    input,
    ...(model === undefined ? {} : { model }),
    ...(conversationId === undefined ? {} : { conversation: conversationId }),
    ...(base === null ? {} : { tools: [{ type: 'file_search', vector_store_ids: [base.id] }] }),
  };
}

/** The service answers unknown names with its best model, for clients with names built in; a typing error is not that. */
async function requireModel(
  client: ServiceClient,
  messages: CliContext['messages'],
  model: string,
): Promise<void> {
  const { data } = await client.json<{ data: { id: string }[] }>('GET', '/v1/models');
  const names = data.map((one) => one.id);
  if (names.includes(model)) return;
  throw new CliError(EXIT.refused, 'model_not_found', messages.errors.modelNotFound(model), {
    hint: messages.hints.knownModels(names.join(', ')),
  });
}

function inWords(context: CliContext, response: ResponseObject, isShown: boolean): string {
  const { messages, terminal } = context;
  const part = response.output.findLast((item) => item.type === 'message')?.content[0];
  const lines: string[] = [isShown ? '' : withoutControls(part?.text ?? '')];
  if (part !== undefined && part.annotations.length > 0) {
    lines.push('', terminal.bold(messages.ask.sources), ...sourcesOf(part.text, part.annotations, messages));
  }
  const { mode } = response.budao;
  const footer = [
    mode === null ? '' : messages.ask.mode(messages.modes[mode]),
    response.budao.endpoint ?? '',
    response.conversation === null ? '' : messages.ask.inConversation(response.conversation.id),
  ].filter((text) => text !== '');
  if (footer.length > 0) lines.push('', terminal.dim(footer.join(' · ')));
  return `${lines.join('\n')}\n`;
}

/** One line for each mark and place, in the order of the marks. */
function sourcesOf(
  text: string,
  annotations: readonly FileCitation[],
  messages: CliContext['messages'],
): string[] {
  const sorted = annotations.toSorted((a, b) =>
    markOf(text, a).localeCompare(markOf(text, b), 'en', { numeric: true }),
  );
  const lines = sorted.map((citation) => {
    const place = placeOf(citation, messages.page);
    return withoutControls(
      `  ${markOf(text, citation)} ${citation.filename}${place === '' ? '' : ` › ${place}`}`,
    );
  });
  return [...new Set(lines)];
}

function markOf(text: string, citation: FileCitation): string {
  return text.slice(citation.start_index, citation.end_index).trim();
}

function exitCodeOf({ messages, terminal }: CliContext, response: ResponseObject): ExitCode {
  if (response.status === 'completed') return EXIT.ok;
  if (response.status === 'cancelled') {
    terminal.note(messages.ask.cancelled);
    return EXIT.interrupted;
  }
  if (response.status === 'incomplete') {
    terminal.note(messages.ask.incomplete(response.incomplete_details?.reason ?? ''));
    return EXIT.failed;
  }
  const { code, message } = response.error ?? { code: 'server_error', message: '' };
  throw new CliError(EXIT.failed, response.budao.failure_code ?? code, message, {
    hint: messages.hints.seeRun(response.id),
  });
}

/** Ctrl+C stops the answer where it is written, not only here. */
class CancelOnInterrupt implements Disposable {
  cancelled: Promise<unknown> = Promise.resolve();
  readonly #controller = new AbortController();
  readonly #client: ServiceClient;
  readonly #interrupt: Interrupt;
  #responseId: string | null = null;

  constructor(client: ServiceClient, onInterrupt: () => void) {
    this.#client = client;
    this.#interrupt = new Interrupt(() => {
      onInterrupt();
      // A question on its way is cancelled as soon as its answer has a name.
      if (this.#responseId === null) setTimeout(() => this.#controller.abort(), CANCEL_TIMEOUT_MS).unref();
      else this.#cancel(this.#responseId);
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  watch(responseId: string): void {
    this.#responseId = responseId;
    if (this.#interrupt.hasHappened) this.#cancel(responseId);
  }

  #cancel(responseId: string): void {
    const path = `/v1/responses/${encodeURIComponent(responseId)}/cancel`;
    const signal = AbortSignal.timeout(CANCEL_TIMEOUT_MS);
    this.cancelled = this.#client.json('POST', path, undefined, { signal }).catch(() => {});
    this.#controller.abort();
  }

  [Symbol.dispose](): void {
    this.#interrupt[Symbol.dispose]();
  }
}
