import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '../exit-codes.ts';
import { en } from '../language/en.ts';
import { ServiceClient } from '../service/client.ts';
import { uploadFile } from './upload-file.ts';

test('a file that cannot be read is named, and the service is not blamed for it', async () => {
  let requests = 0;
  const server = createServer((request) => {
    requests += 1;
    request.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const path = join(tmpdir(), 'budao-no-such-file.md');
  try {
    await using client = new ServiceClient({ url, apiKey: 'bdk_x', messages: en });
    const upload = uploadFile(
      client,
      { path, filename: 'no-such-file.md', bytes: 1 },
      {
        knowledgeBaseId: 'vs_1',
        attributes: {},
        replaces: null,
        onBytes: () => {},
        signal: new AbortController().signal,
        messages: en,
      },
    );
    await expect(upload).rejects.toMatchObject({
      code: 'path_unreadable',
      exitCode: EXIT.usage,
      message: en.errors.pathUnreadable(path, 'ENOENT'),
    });
    expect(requests).toBeLessThanOrEqual(1);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
