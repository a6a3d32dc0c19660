import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { defaultExtractionLimits } from './limits.ts';
import { ParserPool, parserProcessEntry } from './run-extraction.ts';

const fixtures = new URL('../../../tests/fixtures/documents/', import.meta.url);
const misbehaving = new URL('misbehaving-parser.ts', fixtures);
const limits = { ...defaultExtractionLimits, timeoutMs: 20_000, maxMemoryMb: 64 };
const conditionTimeoutMs = 15_000;

let folder = '';
let path = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parser-'));
  path = join(folder, 'bytes');
  await writeFile(path, '# 标题\n\nText.\n');
});
afterAll(() => rm(folder, { recursive: true }));

interface Watched {
  pool: ParserPool;
  spawned: number[];
  exited: number[];
}

function start(entry: URL, changed: Partial<typeof limits> = {}): Watched {
  const spawned: number[] = [];
  const exited: number[] = [];
  const pool = new ParserPool({
    entry,
    limits: { ...limits, ...changed },
    onSpawn: (pid) => spawned.push(pid),
    onExit: (pid) => exited.push(pid),
  });
  return { pool, spawned, exited };
}

describe('ParserPool with the real parser', () => {
  it('reads documents one after the other in one warm process, whatever they are called', async () => {
    const { pool, spawned } = start(parserProcessEntry);
    await using _ = pool;
    const names = ['a.md', '../../../etc/passwd.md', 'nul\u0000\u0007\n.md'];
    const documents = await Promise.all(names.map((filename) => pool.extract({ path, filename })));
    for (const document of documents) expect(document).toMatchObject({ format: 'markdown', title: '标题' });
    expect(spawned).toHaveLength(1);
  });

  it('hands a refusal over with its code and keeps the process', async () => {
    const { pool, spawned } = start(parserProcessEntry);
    await using _ = pool;
    const empty = join(folder, 'empty');
    await writeFile(empty, '');
    const refused = pool.extract({ path: empty, filename: 'a.txt' });
    await expect(refused).rejects.toMatchObject({ kind: 'invalid', code: 'empty_document' });
    await pool.extract({ path, filename: 'a.md' });
    expect(spawned).toHaveLength(1);
  });

  it('leaves the processor to the writing of answers', async () => {
    const { pool, spawned } = start(parserProcessEntry);
    await using _ = pool;
    await pool.extract({ path, filename: 'a.md' });
    expect(getPriority(spawned[0])).toBeGreaterThanOrEqual(constants.priority.PRIORITY_BELOW_NORMAL);
  });

  it('ends its process when it is disposed', async () => {
    const { pool, spawned, exited } = start(parserProcessEntry);
    await pool.extract({ path, filename: 'a.md' });
    await pool[Symbol.asyncDispose]();
    expect(exited).toEqual(spawned);
    expect(isAlive(spawned[0])).toBe(false);
    const late = pool.extract({ path, filename: 'a.md' });
    await expect(late).rejects.toMatchObject({ code: 'extraction_interrupted' });
  });
});

describe('ParserPool with a parser gone wrong', () => {
  it.each([
    { filename: 'hang', changed: { timeoutMs: 1000 }, code: 'extraction_timeout' },
    { filename: 'wait', changed: { timeoutMs: 1000 }, code: 'extraction_timeout' },
    { filename: 'fill-heap', changed: {}, code: 'extraction_out_of_memory' },
    { filename: 'fill-buffers', changed: {}, code: 'extraction_out_of_memory' },
    { filename: 'abort', changed: {}, code: 'extraction_crashed' },
    { filename: 'exit', changed: {}, code: 'extraction_crashed' },
    { filename: 'throw', changed: {}, code: 'extraction_crashed' },
    { filename: 'refuse', changed: {}, code: 'empty_document' },
  ])(
    '$filename becomes $code, and the next document is read',
    async ({ filename, changed, code }) => {
      const { pool } = start(misbehaving, changed);
      await using _ = pool;
      await expect(pool.extract({ path, filename })).rejects.toMatchObject({ kind: 'invalid', code });
      await expect(pool.extract({ path, filename: 'good' })).resolves.toMatchObject({ format: 'text' });
    },
    60_000,
  );

  it('may be tried again when somebody else killed the process', async () => {
    const { pool, spawned } = start(misbehaving);
    await using _ = pool;
    const interrupted = pool.extract({ path, filename: 'hang' });
    const outcome = Promise.allSettled([interrupted]);
    await until(() => spawned.length === 1);
    process.kill(spawned[0] ?? 0, 'SIGKILL');
    expect(await outcome).toMatchObject([
      { status: 'rejected', reason: { kind: 'unavailable', code: 'extraction_interrupted' } },
    ]);
    await expect(pool.extract({ path, filename: 'good' })).resolves.toMatchObject({ format: 'text' });
  });

  it('starts a new process when the idle one was killed', async () => {
    const { pool, spawned, exited } = start(misbehaving);
    await using _ = pool;
    await pool.extract({ path, filename: 'good' });
    process.kill(spawned[0] ?? 0, 'SIGKILL');
    await until(() => exited.length === 1);
    await pool.extract({ path, filename: 'good' });
    expect(spawned).toHaveLength(2);
  });

  it('stops at once when the document is no longer wanted, in hand or waiting', async () => {
    const { pool, spawned } = start(misbehaving);
    await using _ = pool;
    const abort = new AbortController();
    const inHand = pool.extract({ path, filename: 'hang', signal: abort.signal });
    const waiting = pool.extract({ path, filename: 'good', signal: abort.signal });
    const outcome = Promise.allSettled([inHand, waiting]);
    await until(() => spawned.length === 1);
    const reason = new Error('document deleted');
    abort.abort(reason);
    expect(await outcome).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ]);
    expect(isAlive(spawned[0])).toBe(false);
  });

  it('says that the installation is at fault when the parser cannot start', async () => {
    const { pool } = start(new URL('missing.ts', fixtures));
    await using _ = pool;
    const failed = pool.extract({ path, filename: 'good' });
    await expect(failed).rejects.toMatchObject({ kind: 'unavailable', code: 'extraction_unavailable' });
  });

  it('gives the parser neither secrets nor the right to write', async () => {
    vi.stubEnv('BUDAO_MODEL_API_KEY', 'secret');
    const { pool } = start(misbehaving);
    await using _ = pool;
    const document = await pool.extract({ path, filename: 'environment' });
    expect(document.blocks[0]?.text).not.toContain('BUDAO');
    const write = pool.extract({ path, filename: 'write' });
    await expect(write).rejects.toMatchObject({ code: 'extraction_crashed' });
    expect(existsSync(`${path}.written`)).toBe(false);
    vi.unstubAllEnvs();
  });
});

describe('the parser process without its parent', () => {
  it.each(['hang', 'wait'])('ends although it was about to %s', async (filename) => {
    const orphanMaker = fileURLToPath(new URL('orphan-maker.ts', fixtures));
    const parent = spawn(process.execPath, [orphanMaker, filename], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(output.toString().trim());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pid));
  });
});

function isAlive(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return true;
  } catch {
    return false;
  }
}

function until(condition: () => boolean): Promise<void> {
  return vi.waitFor(
    () => {
      if (!condition()) throw new Error('not yet');
    },
    { timeout: conditionTimeoutMs, interval: 20 },
  );
}
