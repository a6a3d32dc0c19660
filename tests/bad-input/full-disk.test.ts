import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startUpstream, type Upstream } from '../support/lying-upstream.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';
import { expectError } from './expect-error.ts';
import { formOf, StoredBefore, settled, upload } from './stored-before.ts';

const DISK_MIB = 48;
const FULL_FOR_MS = 8_000;
/** Two workers and the supervisor, each with its first word, and a second trouble that comes of the first. */
const MAX_COMPLAINTS = 6;
const isRoot = process.getuid?.() === 0;

/** A small file system of its own for a data folder. */
class SmallDisk implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async mount(): Promise<SmallDisk> {
    const path = await mkdtemp(join(tmpdir(), 'budao-small-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', path]);
    return new SmallDisk(path);
  }

  /** Writes until nothing more goes in, whatever the service gives back meanwhile. */
  fill(): void {
    const file = openSync(join(this.path, 'ballast'), 'a');
    const piece = Buffer.alloc(4_096, 1);
    try {
      for (;;) writeSync(file, piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  async free(): Promise<void> {
    await rm(join(this.path, 'ballast'), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    execFileSync('umount', ['-l', this.path]);
    await rm(this.path, { recursive: true, force: true });
  }
}

test.runIf(isRoot)(
  'a full disk refuses what is new with 507, loses nothing, and is over as soon as there is space (needs root, to mount a small disk)',
  async () => {
    await using disk = await SmallDisk.mount();
    await using upstream = await startUpstream({ tokens: 60, tokensPerSecond: 12 });
    await using service = await Service.start({
      dataDir: disk.path,
      environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
    });
    const before = await StoredBefore.create(service);
    const fingerprint = await before.fingerprint();
    const running = await service.json<{ id: string }>('POST', '/v1/responses', {
      input: '慢慢数',
      background: true,
    });
    await until(async () => (await textOf(service, running.id)).length > 10);

    disk.fill();
    const filledMs = performance.now();
    const printedBefore = service.output.length;
    const full = { status: 507, code: 'storage_full' };
    const uploaded = formOf('大.txt', '大'.repeat(500_000));
    const message = await expectError(
      await service.request('POST', `/v1/vector_stores/${before.knowledgeBaseId}/documents`, uploaded),
      full,
    );
    expect(message).toMatch(/Free some space/);
    await expectError(
      await service.request('POST', '/v1/files', formOf('大.txt', '大'.repeat(500_000))),
      full,
    );
    const acknowledged = await askUntilRefused(service, disk);
    const refused = await service.request('POST', '/v1/responses', { input: '还有位置吗', background: true });
    await expectError(refused, full);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    await expectError(await service.request('POST', '/v1/conversations', {}), full);
    await expectError(
      await service.request('POST', '/v1/chat/completions', { messages: [{ role: 'user', content: '问' }] }),
      full,
    );

    // What was stored is there, and can be read and searched without a byte of space.
    expect(await before.fingerprint()).toBe(fingerprint);
    expect(await before.findsPassage()).toBe(true);
    expect((await service.request('GET', '/readyz')).status).toBe(200);
    expect(await (await service.request('GET', '/readyz?verbose')).text()).toMatch(
      /\[-\]disk failed \(not required\): only 0 MiB free/,
    );

    // Everything that runs tries again and again meanwhile, and says so once for each process.
    await until(() => performance.now() - filledMs > FULL_FOR_MS, 2 * FULL_FOR_MS);
    const complaints = linesOfRetries(service.output.slice(printedBefore));
    expect(complaints.length, complaints.join('\n')).toBeLessThanOrEqual(MAX_COMPLAINTS);

    await disk.free();
    await expectEnded(service, upstream, [running.id, ...acknowledged]);
    const { id } = await upload(service, before.knowledgeBaseId, '后来.md', '# 后来\n\n后来有了地方。\n');
    expect(await settled(service, before.knowledgeBaseId, id)).toMatchObject({ status: 'completed' });
    expect(await before.fingerprint()).toBe(fingerprint);
    await until(() => linesOfRetries(service.output).some((line) => line.includes('has not come again')));
  },
);

test.runIf(isRoot)(
  'a start on a full disk says so, and goes through by itself once there is space (needs root, to mount a small disk)',
  async () => {
    await using disk = await SmallDisk.mount();
    await using service = await Service.start({ dataDir: disk.path });
    const before = await StoredBefore.create(service);
    const fingerprint = await before.fingerprint();
    await service.stop();
    disk.fill();
    const started = service.output.length;
    service.spawn();
    await until(
      () => /disk.* is full.*Free some space/s.test(service.output.slice(started)),
      20_000,
      () => `said only: ${service.output.slice(started)}`,
    );
    await disk.free();
    await until(
      () => service.isReady(),
      20_000,
      () => service.output.slice(started),
    );
    expect(service.output.slice(started)).not.toMatch(/\n\s+at |"stack"/);
    expect(await before.fingerprint()).toBe(fingerprint);
  },
);

/** What is logged of the retries inside; each refused request has its own line. */
function linesOfRetries(output: string): string[] {
  return output.split('\n').filter((line) => /"role":"(worker|supervisor)"/.test(line));
}

/** Each question takes a page or so: those that were acknowledged until the first refusal. */
async function askUntilRefused(service: Service, disk: SmallDisk): Promise<string[]> {
  const acknowledged: string[] = [];
  await until(async () => {
    disk.fill();
    const response = await service.request('POST', '/v1/responses', {
      input: '问'.repeat(20_000),
      background: true,
    });
    const body = (await response.json()) as { id: string };
    if (response.ok) acknowledged.push(body.id);
    return response.status === 507;
  });
  return acknowledged;
}

/** Whole, or ended with a reason and the text that was shown. */
async function expectEnded(service: Service, upstream: Upstream, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    let status = '';
    await until(
      async () => {
        ({ status } = await service.json<{ status: string }>('GET', `/v1/responses/${id}`));
        return status !== 'in_progress' && status !== 'queued';
      },
      60_000,
      () =>
        `${id} is still ${status}; the model was asked ${upstream.requests.length} times\n${service.output.slice(-2_000)}`,
    );
    expect({ id, status }).toEqual({ id, status: 'completed' });
    expect(await textOf(service, id)).toMatch(/^t1 t2 t3 .* t60 $/);
  }
}

async function textOf(service: Service, id: string): Promise<string> {
  const { output } = await service.json<{ output: { content?: { text: string }[] }[] }>(
    'GET',
    `/v1/responses/${id}`,
  );
  return output.flatMap((item) => item.content?.map((part) => part.text) ?? []).join('');
}
