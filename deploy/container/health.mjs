#!/usr/local/bin/node
// Probes from inside: `health startupz|livez|readyz` asks the API process; `health worker-ready|worker-alive` is for
// nodes without one. Exits with 0 or says in one line what is wrong.
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

const TIMEOUT_MS = 4_000;
const SUBSCRIBE = 1;
const PUBLISH = 3;
const dataDir = process.env.BUDAO_DATA_DIR ?? '/var/lib/budao';
const port = process.env.BUDAO_PORT || '7860';
const probe = process.argv[2] ?? 'startupz';

const wrong = await check(probe).catch(
  (error) => `${error.message}${error.cause ? `: ${error.cause.message}` : ''}`,
);
if (wrong !== null) process.stderr.write(`${probe}: ${wrong}\n`);
process.exit(wrong === null ? 0 : 1);

async function check(name) {
  if (name === 'worker-ready')
    return existsSync(join(dataDir, 'node-ready')) ? null : 'this node has not started, or is leaving';
  if (name === 'worker-alive') return hubAnswers();
  const url = `http://127.0.0.1:${port}/${name}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return response.ok ? null : `${response.status} ${(await response.text()).trim().split('\n').at(-1)}`;
}

/** The supervisor passes messages between its processes: one to itself shows that it still does. */
function hubAnswers() {
  const topic = `health.${process.pid}`;
  return new Promise((resolve) => {
    const socket = connect(join(dataDir, 'hub.sock'));
    const end = (reason) => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(TIMEOUT_MS, () => end(`no answer from the supervisor within ${TIMEOUT_MS} ms`));
    socket.on('error', (error) => end(`the supervisor cannot be reached: ${error.message}`));
    socket.on('data', () => end(null));
    socket.write(Buffer.concat([frame(SUBSCRIBE, topic), frame(PUBLISH, topic)]));
  });
}

/** u32 length, u8 operation, u16 length of the topic, topic; as in src/stores/channel/frames.ts. */
function frame(operation, topic) {
  const head = Buffer.alloc(7);
  head.writeUInt32BE(3 + topic.length, 0);
  head.writeUInt8(operation, 4);
  head.writeUInt16BE(topic.length, 5);
  return Buffer.concat([head, Buffer.from(topic)]);
}
