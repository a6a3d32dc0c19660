import { Agent } from 'node:http';
import { Service } from '../../tests/support/service.ts';
import { percentile, startHelper } from './measure.ts';
import { readStream, type StreamMeasure, type Target } from './stream-load.ts';
import { questionTo } from './streams.ts';

const WARM_UP = 30;
const REQUESTS = 200;

export interface FirstTokenResult {
  direct: { p50: number; p99: number };
  budao: { p50: number; p99: number };
  added: { p50: number; p99: number };
}

/** In turn: the upstream directly, then through Budao, the workspace's knowledge base searched each time. */
export async function measureFirstToken(): Promise<FirstTokenResult> {
  using upstream = await startHelper(new URL('./stamped-upstream.ts', import.meta.url), ['3', '0']);
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'stamps', BUDAO_SAMPLE: '1' },
  });
  await documentsReady(service);
  const direct: Target = {
    url: `${upstream.url}/chat/completions`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: '年休假有几天？' }],
    }),
  };
  const viaBudao = questionTo(service, '年休假有几天？');
  const agent = new Agent({ keepAlive: true });
  const [first, second] = [emptyMeasure(), emptyMeasure()];
  for (let count = 0; count < WARM_UP + REQUESTS; count++) {
    if (count === WARM_UP) for (const measure of [first, second]) measure.firstTokens = [];
    await readStream(direct, agent, first);
    await readStream(viaBudao, agent, second);
  }
  agent.destroy();
  const summary = (values: readonly number[]) => ({
    p50: percentile(values, 0.5),
    p99: percentile(values, 0.99),
  });
  // The same question in the same second: the difference of each pair is what Budao adds.
  const added = second.firstTokens.map((value, index) => value - (first.firstTokens[index] ?? 0));
  return { direct: summary(first.firstTokens), budao: summary(second.firstTokens), added: summary(added) };
}

export async function documentsReady(service: Service): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const { data } = await service.json<{
      data: { file_counts: { in_progress: number; completed: number } }[];
    }>('GET', '/v1/vector_stores');
    if (data.every((store) => store.file_counts.in_progress === 0 && store.file_counts.completed > 0)) return;
    if (Date.now() > deadline) throw new Error('the documents were never ready');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function emptyMeasure(): StreamMeasure {
  return { streams: 1, tokens: 0, expectedTokens: 0, lags: [], firstTokens: [], wallMs: 0 };
}
