import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { traceHeaders, traceIds, withinTrace } from '../../contract/trace-context.ts';
import { OtlpExporter } from './otlp-exporter.ts';
import { type FinishedSpan, inSpan, recordSpans, startSpan } from './span.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;
const cleanup: Disposable[] = [];

afterEach(() => {
  for (const item of cleanup.splice(0)) item[Symbol.dispose]();
});

function record(sampleRatio = 1): FinishedSpan[] {
  const spans: FinishedSpan[] = [];
  cleanup.push(recordSpans((span) => spans.push(span), sampleRatio));
  return spans;
}

test('nothing is recorded unless somebody asked for it', async () => {
  expect(startSpan('chat', { kind: 'client' })).toBeNull();
  expect(await inSpan('chat', { kind: 'client' }, async (span) => span)).toBeNull();
});

test('a span continues the trace that came with the request, and what it calls is its child', async () => {
  const spans = record();
  let sent: { traceparent?: string } = {};
  await withinTrace(PARENT, () =>
    inSpan('chat qwen', { kind: 'client' }, async () => {
      sent = traceHeaders();
    }),
  );
  expect(spans).toMatchObject([{ traceId: TRACE, parentSpanId: 'b7ad6b7169203331', name: 'chat qwen' }]);
  expect(sent.traceparent).toBe(`00-${TRACE}-${spans[0]?.spanId}-01`);
});

test('a trace that is not sampled stays so', async () => {
  const spans = record();
  await withinTrace(PARENT.replace(/01$/, '00'), () => inSpan('chat', { kind: 'client' }, async () => {}));
  expect(spans).toEqual([]);
});

test('a failure is named by its code, not by its words', async () => {
  const spans = record();
  const failure = Object.assign(new Error('the question was: …'), { code: 'upstream_timeout' });
  await expect(inSpan('chat', { kind: 'client' }, () => Promise.reject(failure))).rejects.toBe(failure);
  expect(spans[0]?.errorType).toBe('upstream_timeout');
  expect(JSON.stringify(spans)).not.toContain('the question');
});

test('lines of the log carry the ids of their trace', () => {
  expect(traceIds()).toEqual({});
  expect(withinTrace(PARENT, () => traceIds())).toEqual({ trace_id: TRACE, span_id: 'b7ad6b7169203331' });
});

async function startCollector(status = 200) {
  const posts: { path: string; body: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      posts.push({ path: request.url ?? '', body: JSON.parse(body) as Record<string, unknown> });
      response.writeHead(status).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { posts, endpoint, [Symbol.asyncDispose]: stop };
}

const SPAN: FinishedSpan = {
  traceId: TRACE,
  spanId: 'b7ad6b7169203331',
  parentSpanId: null,
  name: 'chat qwen',
  kind: 'client',
  startMs: 1_700_000_000_000.25,
  endMs: 1_700_000_000_100.5,
  attributes: { 'gen_ai.usage.input_tokens': 12, 'gen_ai.response.finish_reasons': ['stop'], ratio: 0.5 },
  errorType: null,
};

test('a collector gets spans as OTLP/HTTP with JSON has them', async () => {
  await using collector = await startCollector();
  await using exporter = new OtlpExporter({
    endpoint: collector.endpoint,
    resource: { 'service.name': 'budao' },
    onError: () => {},
  });
  exporter.add(SPAN);
  await exporter.flush();
  expect(collector.posts).toEqual([
    {
      path: '/v1/traces',
      body: {
        resourceSpans: [
          {
            resource: { attributes: [{ key: 'service.name', value: { stringValue: 'budao' } }] },
            scopeSpans: [
              {
                scope: { name: 'budao' },
                spans: [
                  {
                    traceId: TRACE,
                    spanId: 'b7ad6b7169203331',
                    name: 'chat qwen',
                    kind: 3,
                    startTimeUnixNano: '1700000000000250000',
                    endTimeUnixNano: '1700000000100500000',
                    attributes: [
                      { key: 'gen_ai.usage.input_tokens', value: { intValue: '12' } },
                      {
                        key: 'gen_ai.response.finish_reasons',
                        value: { arrayValue: { values: [{ stringValue: 'stop' }] } },
                      },
                      { key: 'ratio', value: { doubleValue: 0.5 } },
                    ],
                    status: {},
                  },
                ],
              },
            ],
          },
        ],
      },
    },
  ]);
});

test('a collector that takes nothing costs spans, and no memory', async () => {
  await using collector = await startCollector(503);
  const errors: unknown[] = [];
  await using exporter = new OtlpExporter({
    endpoint: collector.endpoint,
    resource: {},
    onError: (error) => errors.push(error),
  });
  for (let count = 0; count < 5_000; count++) exporter.add(SPAN);
  await exporter.flush();
  expect(exporter.dropped).toBe(5_000 - 4_096 + 512);
  expect(errors).toHaveLength(1);
});
