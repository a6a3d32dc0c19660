import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { runCli } from './program.ts';

const HOSTILE = 'No such file: \u001B[2J\u001B]0;owned\u0007\u202Ename.md';
const CHANNEL = { id: 'chan_1', kind: 'webhook', name: HOSTILE, min_severity: 'warning', language: 'en' };
const RUN = { id: 'run_1', status: 'failed', last_seq: 0, failure: { code: 'x', message: HOSTILE } };
const MODES = { current: [{ mode: 'full', mode_reason: HOSTILE, processes: 1 }], allowed_modes: [] };
const REPLIES: Readonly<Record<string, unknown>> = {
  '/ops/alerts/channels': { data: [CHANNEL] },
  '/ops/alerts/channels/chan_1/test': { channel_id: 'chan_1', status: 'failed', failure: RUN.failure },
  '/ops/runs/run_1': RUN,
  '/ops/dependencies': { data: [] },
  '/ops/modes': MODES,
};

test.each([
  ['an error of the service', ['runs', 'show', 'run_2']],
  ['a channel that was tried', ['alerts', 'test']],
  ['the end of a run', ['runs', 'watch', 'run_1']],
  ['the reason of a mode', ['breakers', 'list']],
])('what other people named moves no cursor: %s', async (_, args) => {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    if (path.endsWith('/events')) return void response.end();
    const reply = REPLIES[path] ?? { error: { code: 'run_not_found', message: HOSTILE } };
    response.writeHead(path in REPLIES ? 200 : 404).end(JSON.stringify(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const written: string[] = [];
    const output = { write: (text: string) => written.push(text) > 0 };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await runCli(['--lang', 'en', '--url', url, '--api-key', 'k', ...args], {
      environment: {},
      stdout: output,
      stderr: output,
    });
    expect(written.join('')).toContain('No such file');
    // oxlint-disable-next-line no-control-regex
    expect(written.join('')).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u202E]/);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
