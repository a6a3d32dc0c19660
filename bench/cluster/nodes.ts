import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Service } from '../../tests/support/service.ts';
import { loadStreams, type StreamMeasure, type Target } from '../system/stream-load.ts';
import { questionTo } from '../system/streams.ts';
import { treeCpuMs } from './process-cpu.ts';
import type { Servers } from './servers.ts';

const NAMES = ['a', 'b'];
const KEY_BYTES = 32;

export type HintsThrough = 'redis' | 'notify';

export interface NodesOptions {
  servers: Servers;
  /** The model endpoint. */
  upstreamUrl: string;
  hintsThrough: HintsThrough;
  environment?: Record<string, string>;
}

/** Two nodes as a user starts them, each with one API process and one worker. */
export class Nodes implements AsyncDisposable {
  readonly services: readonly Service[];
  readonly #stack: AsyncDisposableStack;

  private constructor(services: readonly Service[], stack: AsyncDisposableStack) {
    this.services = services;
    this.#stack = stack;
  }

  static async start({ servers, upstreamUrl, hintsThrough, environment }: NodesOptions): Promise<Nodes> {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'budao-bench-cluster-'));
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, Buffer.alloc(KEY_BYTES, 7), { mode: 0o600 });
    const shared = join(folder, 'shared');
    await mkdir(shared);
    const ledgerUrl = await servers.createLedger();
    const services: Service[] = [];
    for (const name of NAMES) {
      const service = await Service.start({
        environment: {
          BUDAO_NODE: name,
          BUDAO_WORKERS: '1',
          BUDAO_LEDGER_URL: ledgerUrl,
          BUDAO_BLOBS_FOLDER: join(shared, 'blobs'),
          BUDAO_INDEX_FOLDER: join(shared, 'index'),
          BUDAO_SECRET_KEY_FILE: keyFile,
          BUDAO_MODEL_BASE_URL: upstreamUrl,
          BUDAO_MODEL_NAME: 'stamps',
          ...(hintsThrough === 'redis' ? { BUDAO_CHANNEL_URL: servers.redis.url } : {}),
          ...environment,
        },
      });
      services.push(stack.use(service));
    }
    return new Nodes(services, stack.move());
  }

  /** The same question to each API. */
  targets(question: string): Target[] {
    return this.services.map((service) => questionTo(service, question));
  }

  /** Used so far by all processes of the product. */
  cpuMs(): number {
    return this.services.reduce((sum, service) => sum + treeCpuMs(service.pid), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Streams in equal shares to all targets at once. */
export async function loadTargets(
  targets: readonly Target[],
  streams: number,
  tokensPerStream: number,
): Promise<StreamMeasure> {
  const shares = targets.map((_, index) => Math.floor((streams + index) / targets.length));
  const parts = await Promise.all(
    targets.map((target, index) => loadStreams(target, shares[index] ?? 0, tokensPerStream)),
  );
  const sum = (key: 'streams' | 'tokens' | 'expectedTokens'): number =>
    parts.reduce((total, part) => total + part[key], 0);
  return {
    streams: sum('streams'),
    tokens: sum('tokens'),
    expectedTokens: sum('expectedTokens'),
    lags: parts.flatMap((part) => part.lags),
    firstTokens: parts.flatMap((part) => part.firstTokens),
    wallMs: Math.max(...parts.map((part) => part.wallMs)),
  };
}
