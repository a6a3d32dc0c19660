// A model endpoint for measurements: every token is the time at which it was sent, so that lag is seen in the text.
// Run as: node bench/system/stamped-upstream.ts TOKENS RATE FIRST (tokens a second and stream, 0 for as fast as
// possible; ms before the first token, none unless given)
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const [tokens = 100, rate = 20, firstTokenMs = 0] = process.argv.slice(2).map(Number);
const TICK_MS = 5;
const END = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;

const streams = new Set<{ response: ServerResponse; left: number; nextAt: number }>();

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const stream = { response, left: tokens, nextAt: performance.now() + firstTokenMs };
    response.on('close', () => streams.delete(stream));
    if (rate === 0) while (stream.left > 0) send(stream);
    else {
      streams.add(stream);
      if (firstTokenMs > 0) return;
      send(stream);
      stream.nextAt += 1_000 / rate;
    }
  });
});

setInterval(() => {
  const now = performance.now();
  for (const stream of streams) {
    while (stream.nextAt <= now && stream.left > 0) {
      send(stream);
      stream.nextAt += 1_000 / rate;
    }
    if (stream.left === 0) streams.delete(stream);
  }
}, TICK_MS);

/** Milliseconds since the epoch with two decimals, always 16 characters. */
function stamp(): string {
  return (performance.timeOrigin + performance.now()).toFixed(2);
}

function send(stream: { response: ServerResponse; left: number }): void {
  stream.left--;
  const frame = `data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"${stamp()} "}}]}\n\n`;
  if (stream.left > 0) stream.response.write(frame);
  else stream.response.end(frame + END);
}

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1\n`);
});
