/** Blobs of a folder behind standard input and output: one request a line, one answer a line. Usage: FOLDER */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { FolderBlobs } from '../folder-blobs.ts';
import type { BlobAnswer, BlobCall } from './process-blobs.ts';

const blobs = new FolderBlobs(process.argv[2] ?? '');

for await (const line of createInterface({ input: process.stdin })) {
  const { id, call } = JSON.parse(line) as { id: number; call: BlobCall };
  perform(call).then(
    (value) => reply({ id, value }),
    (error: Error & { code?: string }) =>
      reply({ id, error: { message: error.message, code: error.code ?? '' } }),
  );
}

async function perform(call: BlobCall): Promise<unknown> {
  switch (call.name) {
    case 'put':
      return blobs.put(Readable.from([Buffer.from(call.content, 'base64')]), { maxBytes: call.maxBytes });
    case 'open':
      return (await buffer(await blobs.open(call.sha256))).toString('base64');
    case 'localCopy':
      return (await readFile((await blobs.localCopy(call.sha256)).path)).length;
    case 'has':
      return blobs.has(call.sha256);
    case 'verify':
      return blobs.verify(call.sha256);
    case 'damaged':
      return [...(await blobs.damaged())];
    case 'delete':
      return blobs.delete(call.sha256, { idleMs: call.idleMs });
    case 'list':
      return Array.fromAsync(blobs.list({ idleMs: call.idleMs }));
    case 'sweep':
      return blobs.sweep(call.now);
  }
}

function reply(answer: BlobAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
