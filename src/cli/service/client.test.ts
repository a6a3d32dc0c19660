import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { en } from '../language/en.ts';
import { isLoopback, ServiceClient } from './client.ts';

const open: AsyncDisposableStack[] = [];
afterEach(async () => {
  for (const stack of open.splice(0)) await stack.disposeAsync();
});

async function clientOf(listener: RequestListener): Promise<ServiceClient> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const stack = new AsyncDisposableStack();
  open.push(stack);
  stack.defer(async () => void server.close());
  return stack.use(new ServiceClient({ url, apiKey: 'bdk_x', messages: en }));
}

describe('errors of the service', () => {
  it.each([
    [401, 4, en.hints.giveKey],
    [403, 4, en.hints.otherKey],
    [404, 4, null],
    [400, 2, null],
    [422, 1, null],
    [500, 1, null],
  ])('status %i leaves with %i and says what to try', async (status, exitCode, hint) => {
    const client = await clientOf((_, response) =>
      response.writeHead(status).end(JSON.stringify({ error: { code: 'some_code', message: 'Why.' } })),
    );
    const error = { exitCode, hint, code: 'some_code', message: 'Why.' };
    await expect(client.json('GET', '/v1/models')).rejects.toMatchObject(error);
  });

  it('understands problem+json as well', async () => {
    const body = JSON.stringify({ title: 'run_not_found', code: 'run_not_found', detail: 'No run.' });
    const client = await clientOf((_, response) => response.writeHead(404).end(body));
    const error = { code: 'run_not_found', message: 'No run.' };
    await expect(client.json('GET', '/ops/runs/x')).rejects.toMatchObject(error);
  });

  it('tells another program at the address from Budao', async () => {
    const client = await clientOf((_, response) => response.end('<html>hello</html>'));
    await expect(client.json('GET', '/v1/models')).rejects.toMatchObject({ code: 'not_budao' });
  });

  it('waits for its turn when the service is busy', async () => {
    let requests = 0;
    const client = await clientOf((_, response) => {
      if (requests++ === 0) response.writeHead(429, { 'retry-after': '0.01' }).end('{}');
      else response.end('{"ok":true}');
    });
    expect(await client.json('GET', '/v1/models')).toEqual({ ok: true });
    expect(requests).toBe(2);
  });
});

describe('this machine', () => {
  it.each([
    ['http://localhost:1', true],
    ['http://127.0.0.1', true],
    ['http://127.1.2.3', true],
    ['http://[::1]:7860', true],
    ['http://127.0.0.1.example', false],
    ['https://budao.example', false],
  ])('%s: %s', (url, expected) => expect(isLoopback(url)).toBe(expected));
});
