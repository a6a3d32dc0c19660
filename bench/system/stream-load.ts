import { Agent, request } from 'node:http';

/** What the clients of one measurement saw. Times in ms. */
export interface StreamMeasure {
  streams: number;
  tokens: number;
  expectedTokens: number;
  lags: number[];
  firstTokens: number[];
  wallMs: number;
}

export interface Target {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** A token of the stamped upstream, wherever it stands in a frame. */
const STAMP = /\d{13}\.\d\d/g;

/** Opens streams spread over one second, and reads all of them to their end. */
export async function loadStreams(
  target: Target,
  streams: number,
  tokensPerStream: number,
): Promise<StreamMeasure> {
  const agent = new Agent({ keepAlive: false });
  const measure: StreamMeasure = {
    streams,
    tokens: 0,
    expectedTokens: streams * tokensPerStream,
    lags: [],
    firstTokens: [],
    wallMs: 0,
  };
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: streams }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, (index / streams) * 1_000));
      await readStream(target, agent, measure);
    }),
  );
  measure.wallMs = performance.now() - startedMs;
  return measure;
}

/** One stream; only the deltas are looked at, as their text comes again in the closing events. */
export function readStream(target: Target, agent: Agent, measure: StreamMeasure): Promise<void> {
  return new Promise((resolve) => {
    const startedMs = performance.now();
    let first = true;
    let done = false;
    const outgoing = request(target.url, { method: 'POST', agent, headers: target.headers }, (response) => {
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        if (done) return;
        const frames = (rest + text).split('\n\n');
        rest = frames.pop() ?? '';
        const now = performance.timeOrigin + performance.now();
        for (const frame of frames) {
          if (frame.includes('output_text.done')) done = true;
          if (done || !(frame.includes('output_text.delta') || frame.includes('chat.completion.chunk')))
            continue;
          for (const stamp of frame.match(STAMP) ?? []) {
            if (first) measure.firstTokens.push(performance.now() - startedMs);
            first = false;
            measure.tokens++;
            measure.lags.push(now - Number(stamp));
          }
        }
        if (done) rest = '';
      });
      response.on('close', resolve);
    });
    outgoing.on('error', () => resolve());
    outgoing.end(target.body);
  });
}
