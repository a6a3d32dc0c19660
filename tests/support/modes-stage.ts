/**
 * The whole service with two models, an embedder and one document, each of which can be broken for real: what is needed
 * to see every mode entered and left, in an HTTP client or a browser.
 */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResponseObject } from '../../src/contract/openai/response-object.ts';
import { freePort } from './free-port.ts';
import { startUpstream, type Upstream } from './lying-upstream.ts';
import { Service } from './service.ts';
import { until } from './until.ts';

const RECOVERY_DEADLINE_MS = 30_000;
const FIRST_TOKEN_TIMEOUT_MS = 2_000;

/** An upstream that can be killed and started again under its address. */
export class Endpoint implements AsyncDisposable {
  readonly port: number;
  #upstream: Upstream | null;
  readonly #tokens: readonly string[];

  private constructor(upstream: Upstream, tokens: readonly string[]) {
    this.#upstream = upstream;
    this.port = upstream.port;
    this.#tokens = tokens;
  }

  static async start(tokens: readonly string[]): Promise<Endpoint> {
    return new Endpoint(await startUpstream({ tokens, port: await freePort() }), tokens);
  }

  get running(): Upstream {
    if (this.#upstream === null) throw new Error('the endpoint is down');
    return this.#upstream;
  }

  async kill(): Promise<void> {
    await this.#upstream?.close();
    this.#upstream = null;
  }

  /** Starts it where it is down, and lets it tell the truth again. */
  async heal(): Promise<void> {
    if (this.#upstream === null)
      this.#upstream = await startUpstream({ tokens: this.#tokens, port: this.port });
    else this.#upstream.setBehaviour({});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

export class ModesStage implements AsyncDisposable {
  readonly service: Service;
  readonly first: Endpoint;
  readonly second: Endpoint;
  readonly embedder: Endpoint;
  readonly #cleanup: AsyncDisposableStack;

  private constructor(
    service: Service,
    endpoints: [Endpoint, Endpoint, Endpoint],
    cleanup: AsyncDisposableStack,
  ) {
    this.service = service;
    [this.first, this.second, this.embedder] = endpoints;
    this.#cleanup = cleanup;
  }

  static async start(): Promise<ModesStage> {
    await using cleanup = new AsyncDisposableStack();
    const first = cleanup.use(await Endpoint.start(['年假', '有', '十天', '[1]', '。']));
    const second = cleanup.use(await Endpoint.start(['备用', '模型', '说', '十天', '[1]', '。']));
    const embedder = cleanup.use(await Endpoint.start([]));
    const folder = await mkdtemp(join(tmpdir(), 'budao-modes-'));
    cleanup.defer(() => rm(folder, { recursive: true, force: true }));
    const configFile = join(folder, 'budao.yaml');
    const address = ({ port }: Endpoint): string => `http://127.0.0.1:${port}/v1`;
    const model = (name: string, endpoint: Endpoint) =>
      `  - { name: ${name}, model: ${name}, baseUrl: "${address(endpoint)}", firstTokenTimeoutMs: ${FIRST_TOKEN_TIMEOUT_MS} }\n`;
    await writeFile(
      configFile,
      `models:\n${model('first', first)}${model('second', second)}embedder: { model: hash, baseUrl: "${address(embedder)}" }\n`,
    );
    const service = cleanup.use(await Service.start({ environment: { BUDAO_CONFIG: configFile } }));
    const stage = new ModesStage(service, [first, second, embedder], cleanup.move());
    await stage.#furnish();
    return stage;
  }

  async ask(question = '年假有几天？', fields: object = {}): Promise<ResponseObject> {
    return this.service.json<ResponseObject>('POST', '/v1/responses', {
      model: 'budao',
      input: question,
      ...fields,
    });
  }

  async mode(): Promise<string | null> {
    return (await this.ask()).budao.mode;
  }

  /** Asks until an answer comes in this mode, as people do. */
  async untilMode(mode: string): Promise<void> {
    let last: string | null = null;
    await until(
      async () => {
        last = await this.mode();
        return last === mode;
      },
      RECOVERY_DEADLINE_MS,
      () => `the mode stayed ${last} and never became ${mode}`,
    );
  }

  async response(id: string): Promise<ResponseObject> {
    return this.service.json<ResponseObject>('GET', `/v1/responses/${id}`);
  }

  /** Moves a folder of the data folder away. @returns a function that moves it back */
  async moveAway(name: 'index' | 'blobs'): Promise<() => Promise<void>> {
    const path = join(this.service.dataDir, name);
    await rename(path, `${path}.away`);
    return () => rename(`${path}.away`, path);
  }

  /** Null allows all of them. */
  async allow(modes: readonly string[] | null): Promise<void> {
    const { data } = await this.service.json<{ data: { id: string }[] }>('GET', '/ops/workspaces');
    await this.service.json('PATCH', `/ops/workspaces/${data[0]?.id}`, { allowed_modes: modes });
  }

  async force(name: string, forced: 'open' | 'closed' | 'auto', note?: string): Promise<void> {
    await this.service.json('POST', '/ops/dependencies', { name, forced, note });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.disposeAsync();
  }

  async #furnish(): Promise<void> {
    const base = await this.service.json<{ id: string }>('POST', '/v1/vector_stores', {
      name: '制度',
      is_default: true,
    });
    await this.upload(base.id, '# 休假办法\n\n员工的年假有10天。年假须在当年休完。\n');
  }

  /** Resolves when the document can be found. */
  async upload(knowledgeBaseId: string, text: string): Promise<void> {
    const form = new FormData();
    form.append('file', new Blob([text]), 'leave.md');
    const path = `/v1/vector_stores/${knowledgeBaseId}`;
    await this.service.json('POST', `${path}/documents`, form);
    await until(async () => {
      const { file_counts: counts } = await this.service.json<{ file_counts: Record<string, number> }>(
        'GET',
        path,
      );
      return counts.completed === counts.total;
    });
  }
}
