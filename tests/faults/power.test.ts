import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startUpstream } from '../support/lying-upstream.ts';
import { askAndFollow } from '../support/response-reader.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';
import { findUnsyncedAcknowledgements, parseTrace } from './syscall-trace.ts';

const TRACED = 'pwrite64,write,writev,sendmsg,sendto,fsync,fdatasync,rename,renameat,renameat2';

test('what is acknowledged was synced before: questions, shown text and uploads, by the system calls of each process', async () => {
  await using upstream = await startUpstream({ tokens: 30, tokensPerSecond: 50 });
  await using service = await Service.start({
    environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers', BUDAO_WORKERS: '1' },
  });
  const store = await service.json<{ id: string }>('POST', '/v1/vector_stores', { name: '断电' });
  const only = (role: string): number => {
    const [found, ...others] = service.processes(role);
    if (found === undefined || others.length > 0) throw new Error(`not one ${role}`);
    return found.pid;
  };
  await using api = await Tracer.attach(only('api'));
  await using worker = await Tracer.attach(only('worker'));
  for (let count = 0; count < 3; count++) {
    const answer = await askAndFollow(
      service,
      { model: 'budao', input: `第${count}个问题`, tools: [{ type: 'file_search', vector_store_ids: [] }] },
      { idempotencyKey: `power-${count}`, deadlineMs: 60_000 },
    );
    expect(answer.status).toBe('completed');
    const form = new FormData();
    form.append(
      'file',
      new Blob([`# 规定 ${count}\n\n第一条 职工每年享有 ${count} 天假。`]),
      `规定-${count}.md`,
    );
    const uploaded = await service.request('POST', `/v1/vector_stores/${store.id}/documents`, form);
    expect(uploaded.status).toBeLessThan(300);
    // Acknowledged is what was read whole: its last bytes may be written after its first have arrived.
    await uploaded.text();
  }
  // The client may hold the last bytes before the call that sent them has ended; whoever answers again has ended it.
  expect((await service.request('GET', '/livez')).status).toBe(200);
  const apiTrace = parseTrace(await api.detach());
  const workerTrace = parseTrace(await worker.detach());

  const questions = findUnsyncedAcknowledgements(apiTrace, 'response.created');
  expect(questions.acknowledgements).toBeGreaterThanOrEqual(3);
  expect(questions.unsynced).toEqual([]);
  const texts = findUnsyncedAcknowledgements(workerTrace, 'answer.delta');
  expect(texts.acknowledgements).toBeGreaterThan(10);
  expect(texts.unsynced).toEqual([]);
  const uploads = findUnsyncedAcknowledgements(apiTrace, '"vector_store.file"');
  expect(uploads.acknowledgements).toBeGreaterThanOrEqual(3);
  expect(uploads.unsynced).toEqual([]);
});

test('the check itself sees an acknowledgement that came before its sync', () => {
  const trace = parseTrace(
    [
      `100 pwrite64(20</d/ledger.db-wal>, "x", 24, 0) = 24`,
      `100 writev(30<TCP:[1]>, [{iov_base="data: {\\"type\\":\\"response.created\\"", iov_len=4}], 1) = 4`,
      `100 fdatasync(20</d/ledger.db-wal>) = 0`,
      `101 write(21</d/blobs/.tmp-1>, "y", 1) = 1`,
      `101 rename("/d/blobs/.tmp-1", "/d/blobs/ab/abc") = 0`,
      `100 writev(30<TCP:[1]>, [{iov_base="HTTP/1.1 200 OK response.created", iov_len=4}], 1) = 4`,
    ].join('\n'),
  );
  const found = findUnsyncedAcknowledgements(trace, 'response.created');
  expect(found.acknowledgements).toBe(2);
  expect(found.unsynced).toHaveLength(2);
});

test('a sync that ended only after an acknowledgement had begun does not count for it', () => {
  const trace = parseTrace(
    [
      `100 pwrite64(20</d/ledger.db-wal>, "x", 24, 0) = 24`,
      `101 fdatasync(25</d/ledger.db-wal> <unfinished ...>`,
      `100 writev(30<TCP:[1]>, [{iov_base="response.created", iov_len=4}], 1 <unfinished ...>`,
      `101 <... fdatasync resumed>) = 0`,
      `100 <... writev resumed>) = 4`,
      `100 writev(30<TCP:[1]>, [{iov_base="response.created", iov_len=4}], 1 <unfinished ...>`,
      `101 pwrite64(20</d/ledger.db-wal>, "y", 24, 24) = 24`,
      `100 <... writev resumed>) = 4`,
    ].join('\n'),
  );
  const found = findUnsyncedAcknowledgements(trace, 'response.created');
  expect(found.acknowledgements).toBe(2);
  expect(found.unsynced).toHaveLength(1);
});

test('a sync that began before a write does not count for it', () => {
  const trace = parseTrace(
    [
      `100 pwrite64(20</d/ledger.db-wal>, "x", 24, 0) = 24`,
      `101 fdatasync(25</d/ledger.db-wal> <unfinished ...>`,
      `100 pwrite64(20</d/ledger.db-wal>, "y", 24, 24) = 24`,
      `101 <... fdatasync resumed>) = 0`,
      `100 writev(30<TCP:[1]>, [{iov_base="response.created", iov_len=4}], 1) = 4`,
      `101 fdatasync(25</d/ledger.db-wal> <unfinished ...>`,
      `101 <... fdatasync resumed>) = 0`,
      `100 writev(30<TCP:[1]>, [{iov_base="response.created", iov_len=4}], 1) = 4`,
    ].join('\n'),
  );
  const found = findUnsyncedAcknowledgements(trace, 'response.created');
  expect(found.acknowledgements).toBe(2);
  expect(found.unsynced).toHaveLength(1);
});

/** strace on a running process and all its threads. */
class Tracer implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: ReturnType<typeof spawn>;

  private constructor(folder: string, child: ReturnType<typeof spawn>) {
    this.#folder = folder;
    this.#child = child;
  }

  static async attach(pid: number): Promise<Tracer> {
    const folder = await mkdtemp(join(tmpdir(), 'budao-trace-'));
    const args = [
      '-f',
      '-yy',
      '-s',
      '4000',
      '-e',
      `trace=${TRACED}`,
      '-o',
      join(folder, 'trace'),
      '-p',
      String(pid),
    ];
    const child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.on('error', (error) => (said += `cannot run strace: ${error.message}`));
    await until(() => {
      if (child.exitCode !== null || said.includes('cannot run')) throw new Error(said);
      return said.includes('attached');
    });
    return new Tracer(folder, child);
  }

  async detach(): Promise<string> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGINT');
    await ended;
    return readFile(join(this.#folder, 'trace'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}
