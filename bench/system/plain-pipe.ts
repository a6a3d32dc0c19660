// The reference: what passing a stream on costs in plain Node, by hand, with nothing stored and nothing recovered.
// Run as: node bench/system/plain-pipe.ts UPSTREAM_URL
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

const upstream = new URL(`${process.argv[2]}/chat/completions`);
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { input } = JSON.parse(Buffer.concat(chunks).toString()) as { input: string };
    const body = JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: input }] });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const outgoing = httpRequest(upstream, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json' },
    });
    outgoing.on('response', (incoming) => {
      let buffer = '';
      let sequence = 0;
      incoming.setEncoding('utf8');
      incoming.on('data', (text: string) => {
        buffer += text;
        for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
          const data = buffer.slice(6, end);
          buffer = buffer.slice(end + 2);
          if (data === '[DONE]') continue;
          const parsed = JSON.parse(data) as { choices: { delta: { content?: string } }[] };
          const delta = parsed.choices[0]?.delta.content;
          if (delta === undefined) continue;
          const event = { type: 'response.output_text.delta', sequence_number: sequence++, delta };
          response.write(`event: response.output_text.delta\ndata: ${JSON.stringify(event)}\n\n`);
        }
      });
      incoming.on('end', () => response.end('data: [DONE]\n\n'));
    });
    outgoing.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
