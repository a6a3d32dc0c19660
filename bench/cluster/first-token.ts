import { Agent } from 'node:http';
import { documentsReady } from '../system/first-token.ts';
import { percentile, startHelper } from '../system/measure.ts';
import { readStream, type StreamMeasure, type Target } from '../system/stream-load.ts';
import { type HintsThrough, Nodes } from './nodes.ts';
import type { Servers } from './servers.ts';

const UPSTREAM = new URL('../system/stamped-upstream.ts', import.meta.url);
const TOKENS = 3;
const AS_FAST_AS_POSSIBLE = 0;
const WARM_UP = 30;
const REQUESTS = 200;
const QUESTION = '年休假有几天？';

export interface Spread {
  p50: number;
  p99: number;
}

export interface ClusterFirstToken {
  direct: Spread;
  cluster: Spread;
  /** Of each pair, the model asked directly and through one of the nodes. */
  added: Spread;
}

/** In turn: the upstream directly, then through one node, directly, then through the other. In ms. */
export async function measureClusterFirstToken(
  servers: Servers,
  hintsThrough: HintsThrough,
): Promise<ClusterFirstToken> {
  using upstream = await startHelper(UPSTREAM, [String(TOKENS), String(AS_FAST_AS_POSSIBLE)]);
  const environment = { BUDAO_SAMPLE: '1' };
  await using nodes = await Nodes.start({ servers, upstreamUrl: upstream.url, hintsThrough, environment });
  for (const service of nodes.services) await documentsReady(service);
  const targets = nodes.targets(QUESTION);
  const direct: Target = {
    url: `${upstream.url}/chat/completions`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: QUESTION }] }),
  };
  const agent = new Agent({ keepAlive: true });
  const [alone, through] = [emptyMeasure(), emptyMeasure()];
  for (let count = 0; count < WARM_UP + REQUESTS; count++) {
    if (count === WARM_UP) for (const measure of [alone, through]) measure.firstTokens = [];
    await readStream(direct, agent, alone);
    await readStream(targets[count % targets.length] as Target, agent, through);
  }
  agent.destroy();
  if (through.firstTokens.length !== alone.firstTokens.length)
    throw new Error(`${through.firstTokens.length} of ${REQUESTS} questions were answered`);
  const added = through.firstTokens.map((value, index) => value - (alone.firstTokens[index] ?? 0));
  return {
    direct: spreadOf(alone.firstTokens),
    cluster: spreadOf(through.firstTokens),
    added: spreadOf(added),
  };
}

function spreadOf(values: readonly number[]): Spread {
  return { p50: percentile(values, 0.5), p99: percentile(values, 0.99) };
}

function emptyMeasure(): StreamMeasure {
  return { streams: 1, tokens: 0, expectedTokens: 0, lags: [], firstTokens: [], wallMs: 0 };
}
