import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { startAndWait } from '../bad-input/refused-start.ts';
import { Frozen } from '../support/frozen.ts';
import { startUpstream, type Upstream } from '../support/lying-upstream.ts';
import { askAndFollow, type SeenAnswer } from '../support/response-reader.ts';
import { isRunning, type ProcessRow, Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const TOKENS = 60;
const EXPECTED = Array.from({ length: TOKENS }, (_, index) => `t${index + 1} `).join('');
/** Not how long it takes, only that it happens at all. */
const DEADLINE_MS = 60_000;
const TIMEOUT = { timeout: 240_000 };
/** What `npm run up` ends with when starting again would not help. */
const EXIT_REFUSED = 2;

/** Whole, once, and over the connection that it began on unless that was cut. */
const WHOLE = { text: EXPECTED, status: 'completed', duplicates: 0, gaps: 0 };
const UNINTERRUPTED = { ...WHOLE, connections: 1 };

test(
  'a frozen supervisor, and with it the hub, holds up no answer; thawed, it restarts what has died',
  TIMEOUT,
  async () => {
    await using lab = await Laboratory.start();
    const before = lab.ask('先问');
    const supervisor = lab.only('supervisor');
    // Nobody starts another one while the supervisor is frozen.
    await lab.service.untilBothWorkers();
    const frozen = await lab.freezeOutsideTransaction(supervisor.pid);
    const during = lab.ask('冻住时问');
    const worker = lab.service.kill('worker');
    expect(await before).toMatchObject(UNINTERRUPTED);
    expect(await during).toMatchObject(UNINTERRUPTED);
    const second = await startAndWait({ dataDir: lab.service.dataDir });
    expect(second.code).toBe(EXIT_REFUSED);
    expect(second.output).toContain(`(process ${supervisor.pid})`);

    frozen.thaw();
    await until(() => lab.hasOther('worker', worker) && lab.count('worker') === 2, DEADLINE_MS);
    expect(await lab.ask('后问')).toMatchObject(UNINTERRUPTED);
    expect(lab.only('supervisor')).toEqual(supervisor);
  },
);

test(
  'a supervisor that stays frozen is replaced, and two never work on one data folder',
  TIMEOUT,
  async () => {
    await using lab = await Laboratory.start();
    const before = lab.service.processes();
    const supervisor = lab.only('supervisor');
    const answer = lab.ask('一直问');
    using _frozen = await Frozen.freeze(supervisor.pid);
    expect(await answer).toMatchObject(WHOLE);
    await until(
      () => lab.hasOther('supervisor', supervisor.pid),
      DEADLINE_MS,
      () => lab.service.output,
    );
    await until(() => lab.service.isReady(), DEADLINE_MS);
    for (const { pid } of before) expect([pid, isRunning(pid)]).toEqual([pid, false]);
    lab.only('supervisor');
    expect(await lab.ask('换人后问')).toMatchObject(WHOLE);
  },
);

test(
  'a frozen guard holds up nothing; what dies meanwhile comes back when it is thawed',
  TIMEOUT,
  async () => {
    await using lab = await Laboratory.start();
    const frozen = await Frozen.freeze(lab.service.pid);
    const answer = lab.ask('守护冻住时问');
    const worker = lab.service.kill('worker');
    expect(await answer).toMatchObject(UNINTERRUPTED);
    await until(() => lab.hasOther('worker', worker), DEADLINE_MS);

    const supervisor = lab.only('supervisor');
    const cut = lab.ask('监督进程要死了');
    await until(() => lab.upstream.requests.length > 1, DEADLINE_MS);
    process.kill(supervisor.pid, 'SIGKILL');
    await until(() => lab.service.processes().length === 0, DEADLINE_MS);
    frozen.thaw();
    expect(await cut).toMatchObject(WHOLE);
    expect(lab.only('supervisor').pid).not.toBe(supervisor.pid);
  },
);

test(
  'a service that was started beside a frozen guard keeps the data folder when that guard is thawed',
  TIMEOUT,
  async () => {
    await using lab = await Laboratory.start();
    const frozen = await Frozen.freeze(lab.service.pid);
    process.kill(lab.only('supervisor').pid, 'SIGKILL');
    await until(() => lab.service.processes().length === 0, DEADLINE_MS);
    await using second = await Service.start({
      dataDir: lab.service.dataDir,
      environment: lab.environment,
    });
    const supervisor = lab.only('supervisor');
    frozen.thaw();
    await until(() => !isRunning(lab.service.pid), DEADLINE_MS);
    expect(lab.service.output).toContain(`(process ${supervisor.pid})`);
    expect(lab.only('supervisor')).toEqual(supervisor);
    expect(await follow(second, '第二个')).toMatchObject(UNINTERRUPTED);
  },
);

test(
  'a frozen worker loses its run to another one, and doubles nothing when it is thawed',
  TIMEOUT,
  async () => {
    await using lab = await Laboratory.start();
    const answer = lab.ask('冻住写的人');
    const holder = await lab.holder();
    const frozen = await Frozen.freeze(holder.pid);
    await until(() => lab.upstream.requests.length > 1, DEADLINE_MS);
    frozen.thaw();
    expect(await answer).toMatchObject(UNINTERRUPTED);
    expect(await lab.ask('之后问')).toMatchObject(UNINTERRUPTED);
  },
);

test('a worker that stays frozen is replaced', TIMEOUT, async () => {
  await using lab = await Laboratory.start();
  const answer = lab.ask('冻住不放');
  const holder = await lab.holder();
  using _frozen = await Frozen.freeze(holder.pid);
  expect(await answer).toMatchObject(UNINTERRUPTED);
  await until(() => !isRunning(holder.pid) && lab.count('worker') === 2, DEADLINE_MS);
  expect(await lab.ask('之后问')).toMatchObject(UNINTERRUPTED);
});

test('an answer grows behind a frozen API, and its stream goes on where it stood', TIMEOUT, async () => {
  await using lab = await Laboratory.start();
  const answer = lab.ask('冻住接口');
  await lab.holder();
  const api = lab.only('api');
  const frozen = await lab.freezeOutsideTransaction(api.pid);
  await until(() => lab.held() === undefined, DEADLINE_MS);
  frozen.thaw();
  expect(await answer).toMatchObject(UNINTERRUPTED);
  expect(lab.only('api')).toEqual(api);
});

test('an API that stays frozen is replaced on the same port', TIMEOUT, async () => {
  await using lab = await Laboratory.start();
  const answer = lab.ask('接口不醒');
  await lab.holder();
  const api = lab.only('api');
  using _frozen = await Frozen.freeze(api.pid);
  expect(await answer).toMatchObject(WHOLE);
  expect(lab.hasOther('api', api.pid)).toBe(true);
});

test(
  'a frozen API that nobody owns any more does not keep the port from the next supervisor',
  TIMEOUT,
  async () => {
    await using lab = await Laboratory.start();
    const answer = lab.ask('接口没有主人');
    await lab.holder();
    const api = lab.only('api');
    using _frozen = await Frozen.freeze(api.pid);
    process.kill(lab.only('supervisor').pid, 'SIGKILL');
    expect(await answer).toMatchObject(WHOLE);
    expect(isRunning(api.pid)).toBe(false);
    expect(lab.hasOther('api', api.pid)).toBe(true);
  },
);

/** A service with a slow model, seen through its ledger, which also answers while processes are frozen. */
class Laboratory implements AsyncDisposable {
  readonly service: Service;
  readonly upstream: Upstream;
  readonly environment: Record<string, string>;

  private constructor(service: Service, upstream: Upstream, environment: Record<string, string>) {
    this.service = service;
    this.upstream = upstream;
    this.environment = environment;
  }

  static async start(): Promise<Laboratory> {
    const upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: 20 });
    const environment = { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' };
    return new Laboratory(await Service.start({ environment }), upstream, environment);
  }

  ask(question: string): Promise<SeenAnswer> {
    return follow(this.service, question);
  }

  /** The one process of a role; two supervisors would be two masters. */
  only(role: string): ProcessRow {
    const [found, ...others] = this.service.processes(role);
    if (found === undefined || others.length > 0) throw new Error(`not one ${role}`);
    return found;
  }

  count(role: string): number {
    return this.service.processes(role).length;
  }

  hasOther(role: string, pid: number): boolean {
    return this.service.processes(role).some((row) => row.pid !== pid);
  }

  /** One that is frozen in a transaction keeps everybody from writing until it is thawed or replaced. */
  async freezeOutsideTransaction(pid: number): Promise<Frozen> {
    for (;;) {
      const frozen = await Frozen.freeze(pid);
      if (this.#canWrite()) return frozen;
      frozen.thaw();
    }
  }

  #canWrite(): boolean {
    const ledger = new DatabaseSync(join(this.service.dataDir, 'ledger.db'), { timeout: 3_000 });
    try {
      ledger.exec('BEGIN IMMEDIATE; ROLLBACK');
      return true;
    } catch {
      return false;
    } finally {
      ledger.close();
    }
  }

  /** The worker that holds an answer, once some text of it has been stored. */
  async holder(): Promise<ProcessRow> {
    await until(() => this.held() !== undefined, DEADLINE_MS);
    return this.held() as ProcessRow;
  }

  held(): ProcessRow | undefined {
    const ledger = new DatabaseSync(join(this.service.dataDir, 'ledger.db'), {
      readOnly: true,
      timeout: 5_000,
    });
    try {
      const row = ledger
        .prepare(
          `SELECT owner FROM run WHERE kind = 'answer' AND status = 'running'
             AND EXISTS (SELECT 1 FROM event WHERE run_id = run.id AND type = 'answer.delta')`,
        )
        .get();
      return this.service.processes('worker').find((worker) => worker.id === row?.owner);
    } finally {
      ledger.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.upstream[Symbol.asyncDispose]();
  }
}

function follow(service: Service, question: string): Promise<SeenAnswer> {
  return askAndFollow(
    service,
    { model: 'budao', input: question },
    { idempotencyKey: randomUUID(), deadlineMs: DEADLINE_MS },
  );
}
