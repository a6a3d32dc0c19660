import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Service } from '../../tests/support/service.ts';
import { percentile, startHelper } from './measure.ts';
import type { Target } from './stream-load.ts';
import { questionTo } from './streams.ts';

/** A model that thinks for a moment, and then writes for six seconds. */
const TOKENS = 240;
const RATE = 40;
const FIRST_TOKEN_MS = 300;
const UPSTREAM = new URL('./stamped-upstream.ts', import.meta.url);

const UNLOADED_PER_SECOND = 4;
const FIRST_STEP_PER_SECOND = 12;
const STEP_FACTOR = 1.4;
const STEP_SECONDS = 20;
/** So long no answer can have ended. */
const RAMP_MS = 7_000;
const OVERLOAD = 3;
const OVERLOAD_SECONDS = 40;
/** As long as an answer takes, and what waits before it: after it, all that was admitted has ended. */
const PATIENCE_MS = 60_000;

export interface Offered {
  perSecond: number;
  sent: number;
  admitted: number;
  refused: number;
  /** Answers that came to their end a second, while it was offered. */
  completedPerSecond: number;
  /** Admitted, and never ended. */
  lost: number;
  otherwise: number;
  firstToken: { p50: number; p99: number };
  refusal: { p50: number; p99: number };
}

export interface OverloadResult {
  unloaded: Offered;
  capacity: Offered;
  overload: Offered;
  /** After it, at the pace of the first. */
  recovered: Offered;
}

/**
 * What admission is worth: questions at a pace that does not wait for answers, first few, then more and more until some
 * are refused or late, then three times that.
 */
export async function measureOverload(report: (offered: Offered) => void): Promise<OverloadResult> {
  using upstream = await startHelper(UPSTREAM, [String(TOKENS), String(RATE), String(FIRST_TOKEN_MS)]);
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'stamps' },
  });
  const target = questionTo(service, '数一数');
  const measure = async (perSecond: number, seconds: number): Promise<Offered> => {
    const offered = await offer(target, perSecond, seconds);
    report(offered);
    await sleep(2_000);
    return offered;
  };
  await offer(target, UNLOADED_PER_SECOND, 3);
  const unloaded = await measure(UNLOADED_PER_SECOND, 15);
  let capacity = unloaded;
  for (let pace = FIRST_STEP_PER_SECOND; ; pace *= STEP_FACTOR) {
    const step = await measure(pace, STEP_SECONDS);
    const isTooMuch = step.refused > 0.02 * step.sent || step.firstToken.p99 > 2 * unloaded.firstToken.p99;
    if (isTooMuch) break;
    capacity = step;
  }
  const overload = await measure(OVERLOAD * capacity.perSecond, OVERLOAD_SECONDS);
  return { unloaded, capacity, overload, recovered: await measure(UNLOADED_PER_SECOND, 10) };
}

interface Outcome {
  status: number;
  firstTokenMs: number | null;
  answeredMs: number;
  endedAtMs: number | null;
}

async function offer(target: Target, perSecond: number, seconds: number): Promise<Offered> {
  const agent = new Agent({ keepAlive: true, maxSockets: 10_000 });
  const count = Math.round(perSecond * seconds);
  const startedMs = performance.now();
  const outcomes = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      await sleep(Math.max(0, startedMs + (index * 1_000) / perSecond - performance.now()));
      return ask(target, agent);
    }),
  );
  agent.destroy();
  const admitted = outcomes.filter(({ status }) => status === 200);
  const refused = outcomes.filter(({ status }) => status === 503 || status === 429);
  const firstTokens = admitted.flatMap(({ firstTokenMs }) => (firstTokenMs === null ? [] : [firstTokenMs]));
  const refusals = refused.map(({ answeredMs }) => answeredMs);
  const ended = admitted.filter(({ endedAtMs }) => endedAtMs !== null);
  const inTime = ended.filter(({ endedAtMs }) => {
    const afterMs = (endedAtMs ?? 0) - startedMs;
    return afterMs > RAMP_MS && afterMs < seconds * 1_000;
  });
  return {
    perSecond,
    sent: count,
    admitted: admitted.length,
    refused: refused.length,
    completedPerSecond: inTime.length / (seconds - RAMP_MS / 1_000),
    lost: admitted.length - ended.length,
    otherwise: count - admitted.length - refused.length,
    firstToken: { p50: percentile(firstTokens, 0.5), p99: percentile(firstTokens, 0.99) },
    refusal: { p50: percentile(refusals, 0.5), p99: percentile(refusals, 0.99) },
  };
}

function ask({ url, headers, body }: Target, agent: Agent): Promise<Outcome> {
  const outcome: Outcome = { status: 0, firstTokenMs: null, answeredMs: 0, endedAtMs: null };
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const outgoing = request(url, { method: 'POST', agent, headers, timeout: PATIENCE_MS }, (response) => {
      outcome.status = response.statusCode ?? 0;
      outcome.answeredMs = performance.now() - startedMs;
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        if (outcome.firstTokenMs === null && text.includes('output_text.delta'))
          outcome.firstTokenMs = performance.now() - startedMs;
        if (text.includes('event: response.completed')) outcome.endedAtMs = performance.now();
      });
      response.on('close', () => resolve(outcome));
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => resolve(outcome));
    outgoing.end(body);
  });
}
