import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from '../../ledger/ledger.ts';
import { FolderBlobSource } from '../../stores/blobs/folder-blob-source.ts';
import { FolderBlobs } from '../../stores/blobs/folder-blobs.ts';
import { openSqliteLedger } from '../../stores/ledger/sqlite-ledger.ts';
import { openSqlitePicture } from '../../stores/ledger/sqlite-picture.ts';
import type { LedgerPicture, SnapshotContents } from '../ports.ts';
import { type Bench, createBench, INSTALLATION } from '../repository/testing/bench.ts';
import { readPiece } from '../tables/row-pieces.ts';
import { takeSnapshot } from './take-snapshot.ts';

let folder: string;
let ledger: Ledger;
let blobs: FolderBlobs;
let bench: Bench;
let lastId = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-take-'));
  ledger = await openSqliteLedger({ path: join(folder, 'ledger.db') });
  blobs = new FolderBlobs(join(folder, 'blobs'));
  bench = await createBench();
});
afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** As an upload: bytes first, then the row that names them. @returns their hash */
async function upload(text: string): Promise<string> {
  const { sha256, bytes } = await blobs.put(Readable.from([Buffer.from(text)]), { maxBytes: 1_000_000 });
  const id = `file_${String(++lastId).padStart(6, '0')}`;
  await ledger.transaction((tx) =>
    tx.run(
      `INSERT INTO document (id, workspace_id, filename, purpose, bytes, sha256, created_at)
       VALUES (:id, 'ws', :filename, 'assistants', :bytes, :sha256, 1)`,
      { id, filename: `${text.slice(0, 20)}.md`, bytes, sha256 },
    ),
  );
  return sha256;
}

async function forget(sha256: string): Promise<void> {
  await ledger.transaction((tx) => tx.run('DELETE FROM document WHERE sha256 = :sha256', { sha256 }));
  await blobs.delete(sha256);
}

const picture = async (): Promise<LedgerPicture> => openSqlitePicture(join(folder, 'ledger.db'));

async function take(openPicture = picture): Promise<{ contents: SnapshotContents; ids: Set<string> }> {
  await using repository = await bench.open();
  await using writer = await repository.write();
  const source = new FolderBlobSource(blobs);
  const manifest = await takeSnapshot({
    sources: { openPicture, blobs: source, derived: source, secrets: [], files: [] },
    writer,
    origin: {
      id: `snap_${Math.random().toString(36).slice(2)}`,
      installationId: INSTALLATION,
      programVersion: '1.0.0',
      label: null,
    },
    now: Date.now,
    signal: new AbortController().signal,
    onProgress: () => {},
  });
  const { contents, objects } = await repository.read(manifest);
  const ids = new Set<string>();
  const documents = contents.tables.find(({ name }) => name === 'document');
  for (const { sha256 } of documents?.pieces ?? [])
    for (const row of readPiece(await objects.read(sha256))) ids.add(String(row.sha256));
  return { contents, ids };
}

async function snapshots(): Promise<number> {
  await using repository = await bench.open();
  return (await repository.list()).manifests.length;
}

describe('a snapshot', () => {
  it('taken while documents come and go names no content that it does not hold', async () => {
    const present: string[] = [];
    for (let number = 0; number < 50; number++) present.push(await upload(`before ${number}`));
    let stopped = false;
    const writing = (async () => {
      for (let number = 0; !stopped; number++) {
        present.push(await upload(`meanwhile ${number}`));
        if (number % 3 === 0) await forget(present.splice(number % present.length, 1)[0] ?? '');
      }
    })();
    try {
      for (let number = 0; number < 5; number++) {
        // Deletions take bytes away at once here, which the product does a month later: a fourth picture may be needed.
        const taken = await take().catch((error: { code: string }) => error.code);
        if (typeof taken === 'string') {
          expect(taken).toBe('snapshot_incomplete');
          continue;
        }
        expect(new Set(taken.contents.blobs.map(({ sha256 }) => sha256))).toEqual(taken.ids);
      }
    } finally {
      stopped = true;
      await writing;
    }
    const { contents, ids } = await take();
    expect(new Set(contents.blobs.map(({ sha256 }) => sha256))).toEqual(ids);
    expect(ids).toEqual(new Set(present));
  });

  it('is taken of a newer picture where a document was deleted for good after the first', async () => {
    await upload('stays');
    const goes = await upload('goes');
    let pictures = 0;
    const { ids } = await take(async () => {
      pictures += 1;
      const taken = await picture();
      if (pictures === 1) await forget(goes);
      return taken;
    });
    expect(pictures).toBe(2);
    expect(ids.size).toBe(1);
  });

  it('is none where content is missing that nobody was told of, and says whose', async () => {
    await upload('there');
    const lost = await upload('lost document');
    await rm(blobs.path(lost));
    await expect(take()).rejects.toMatchObject({
      code: 'snapshot_incomplete',
      message: expect.stringContaining('lost document.md'),
    });
    expect(await snapshots()).toBe(0);
  });

  it('leaves out what is marked as damaged, and names it', async () => {
    await upload('there');
    const spoilt = await upload('spoilt');
    await writeFile(blobs.path(spoilt), 'spoilU');
    await expect(take()).rejects.toMatchObject({ code: 'snapshot_incomplete' });
    // The first look has marked it.
    const { contents } = await take();
    expect(contents.leftOut).toEqual([{ sha256: spoilt, reason: 'marked as damaged' }]);
    expect(contents.blobs).toHaveLength(1);
  });

  it('holds no bytes of a deleted document that are gone, and those that are there', async () => {
    const [kept, gone] = [await upload('kept'), await upload('gone')];
    await ledger.transaction((tx) => tx.run('UPDATE document SET deleted_at = 1'));
    await rm(blobs.path(gone));
    const { contents } = await take();
    expect(contents.blobs.map(({ sha256 }) => sha256)).toEqual([kept]);
    expect(contents.leftOut).toEqual([{ sha256: gone, reason: 'of a deleted document' }]);
  });

  it('that is broken off leaves none, and what was copied is not copied again', async () => {
    for (let number = 0; number < 20; number++) await upload(`document ${number} ${'x'.repeat(1_000)}`);
    const stop = new AbortController();
    await using repository = await bench.open();
    {
      await using writer = await repository.write();
      const source = new FolderBlobSource(blobs);
      const taking = takeSnapshot({
        sources: { openPicture: picture, blobs: source, derived: source, secrets: [], files: [] },
        writer,
        origin: { id: 'snap_off', installationId: INSTALLATION, programVersion: '1', label: null },
        now: Date.now,
        signal: stop.signal,
        onProgress: ({ phase }) => phase === 'publishing' && stop.abort(new Error('broken off')),
      });
      await expect(taking).rejects.toThrow('broken off');
      await writer.flush();
    }
    expect(await snapshots()).toBe(0);
    await using writer = await repository.write();
    const { blobs: held } = (await take()).contents;
    expect(held.every(({ sha256 }) => writer.has(sha256))).toBe(true);
  });
});
