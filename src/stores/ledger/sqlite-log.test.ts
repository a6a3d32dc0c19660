import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LogChanges, LogPicture } from '../../recovery/stream/ports.ts';
import { openSqliteLog, type SqliteLog } from './sqlite-log.ts';

const WRITER = fileURLToPath(new URL('./testing/log-writer.ts', import.meta.url));

let folder: string;
let path: string;
let database: DatabaseSync;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'budao-log-'));
  path = join(folder, 'ledger.db');
  database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0');
  database.exec('CREATE TABLE note (writer text, number integer, text text)');
  database.exec(
    'CREATE TABLE document (id text, sha256 text, bytes integer, filename text, deleted_at integer)',
  );
});
afterEach(async () => {
  if (database.isOpen) database.close();
  await rm(folder, { recursive: true });
});

/** What somebody has who was given the picture and every change since. */
class Copy {
  readonly #pages: Buffer[];
  readonly #pageBytes: number;

  constructor(picture: LogPicture) {
    this.#pageBytes = picture.pageBytes;
    const whole = Buffer.concat([...picture.pages(7)]);
    this.#pages = Array.from({ length: picture.databasePages }, (_, page) =>
      whole.subarray(page * this.#pageBytes, (page + 1) * this.#pageBytes),
    );
  }

  apply({ pages, databasePages }: LogChanges): void {
    for (const [page, content] of pages) this.#pages[page - 1] = content;
    this.#pages.length = databasePages;
  }

  async rows(): Promise<string> {
    const place = join(folder, 'copy.db');
    await rm(`${place}-wal`, { force: true });
    await writeFile(place, Buffer.concat(this.#pages));
    using copy = new DatabaseSync(place);
    const found = String(copy.prepare('PRAGMA integrity_check').get()?.integrity_check);
    return found === 'ok' ? rowsOf(copy) : found;
  }
}

function rowsOf(of: DatabaseSync): string {
  return JSON.stringify(of.prepare('SELECT * FROM note ORDER BY writer, number').all());
}

function startWriter(name: string): ChildProcess {
  const flags = ['--disable-warning=ExperimentalWarning'];
  return spawn(process.execPath, [...flags, WRITER, path, name], { stdio: ['pipe', 'inherit', 'inherit'] });
}

async function endWriter(writer: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => writer.once('exit', resolve));
  writer.stdin?.end();
  await gone;
  if (writer.exitCode !== 0) throw new Error(`a writer ended with ${writer.exitCode}`);
}

it('misses nothing of what several processes commit while the log is begun anew again and again', async () => {
  const writers = [startWriter('first'), startWriter('second')];
  const open = (): SqliteLog => openSqliteLog(path, Date.now, { longFrames: 200, tooLongFrames: 400 });
  const log = open();
  try {
    while (database.prepare('SELECT count(*) AS n FROM note').get()?.n === 0) await sleep(10);
    const { picture } = log.takeWithPicture();
    const copy = new Copy(picture);
    picture[Symbol.dispose]();
    const untilMs = performance.now() + 4_000;
    let looks = 0;
    for (; performance.now() < untilMs; looks++) {
      copy.apply(log.take());
      log.keepShort();
      if (looks % 10 === 0) {
        const again = log.takeWithPicture();
        copy.apply(again.changes);
        expect(await new Copy(again.picture).rows()).toBe(await copy.rows());
        again.picture[Symbol.dispose]();
      }
      await sleep(looks % 30);
    }
    for (const writer of writers) await endWriter(writer);
    copy.apply(log.take());
    expect(await copy.rows()).toBe(rowsOf(database));
    expect(looks).toBeGreaterThan(10);
  } finally {
    for (const writer of writers) writer.kill('SIGKILL');
    log[Symbol.dispose]();
  }
}, 120_000);
