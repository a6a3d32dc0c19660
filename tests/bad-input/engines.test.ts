/** Every engine does every wrong thing on purpose: it is said clearly, nothing is lost, and it passes by itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { budao } from '../support/cli.ts';
import { until } from '../support/until.ts';
import { Acknowledged, type Attempt } from './acknowledged.ts';
import { BUCKET_CASES } from './bucket-cases.ts';
import { CHANNEL_CASES } from './channel-cases.ts';
import type { EngineCase } from './engine-case.ts';
import { EngineStage } from './engine-stage.ts';
import { LEDGER_CASES } from './ledger-cases.ts';
import { SETTINGS_CASES } from './settings-cases.ts';

const CASE_DEADLINE_MS = 180_000;

let stage: EngineStage;
let acknowledged: Acknowledged;

beforeAll(async () => {
  stage = await EngineStage.start();
  acknowledged = new Acknowledged(stage.service);
}, CASE_DEADLINE_MS);
afterAll(async () => stage?.[Symbol.asyncDispose]());

async function expectCase(engine: EngineCase): Promise<void> {
  await expectAnswers(null, () => acknowledged.ask());
  const before = await Acknowledged.untilAnswered(
    () => acknowledged.upload(),
    ({ status }) => status === 200,
  );
  const mend = await engine.provoke(stage, before.id);
  try {
    await Promise.all([
      expectAnswers(engine.asking, () => acknowledged.ask()),
      expectAnswers(engine.uploading, () => acknowledged.upload()),
      expectReadiness(engine),
      expectCheck(engine),
    ]);
    await engine.also?.(stage, acknowledged, before.id);
    expect((await fetch(`${stage.service.url}/livez`)).status).toBe(200);
  } finally {
    await mend();
  }
  const { output } = stage.service;
  await until(
    async () => (await stage.readiness()).isReady,
    60_000,
    () => `never ready again\n${output.slice(-3_000)}`,
  );
  await Promise.all([
    expectAnswers(null, () => acknowledged.ask()),
    expectAnswers(null, () => acknowledged.upload()),
  ]);
  await acknowledged.verify();
}

async function expectAnswers(codes: RegExp | null, attempt: () => Promise<Attempt>): Promise<void> {
  const answer = await Acknowledged.untilAnswered(attempt, ({ status, code }) =>
    codes === null ? status === 200 : codes.test(code ?? ''),
  );
  if (codes !== null) expect([503, 507], answer.message).toContain(answer.status);
}

async function expectReadiness({ isReady, readiness, log }: EngineCase): Promise<void> {
  let last = { isReady: !isReady, said: '' };
  await until(
    async () => {
      last = await stage.readiness();
      return last.isReady === isReady && (readiness?.test(last.said) ?? true);
    },
    30_000,
    () => `readiness never said ${isReady} and ${readiness}: ${last.said}`,
  );
  if (log !== undefined) await until(() => log.test(stage.service.output));
}

async function expectCheck({ check, environment = {} }: EngineCase): Promise<void> {
  const failed = (await stage.check(environment)).filter(({ ok }) => !ok);
  if (check === null) expect(failed).toEqual([]);
  else {
    expect(failed.map(({ kind }) => kind)).toEqual([check.kind]);
    expect(failed[0]?.message).toMatch(check.says);
  }
}

test('a login that may not create tables is told so by budao migrate, and nothing is half there', async () => {
  const database = await stage.postgres.createDatabase();
  const environment = { ...stage.environment, BUDAO_LEDGER_URL: stage.ledgerUrl(database) };
  const refused = await budao(['migrate'], { environment });
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/lacks rights.*permission denied for schema public.*CREATE on the schema/s);
  expect(await stage.check({ BUDAO_LEDGER_URL: environment.BUDAO_LEDGER_URL })).toContainEqual(
    expect.objectContaining({ kind: 'ledger', ok: false, message: expect.stringContaining('budao migrate') }),
  );
  const tables = await stage.postgres.query(
    database,
    `SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
  );
  expect(tables).toEqual([]);
});

describe.each([
  ['the settings', SETTINGS_CASES],
  ['Redis', CHANNEL_CASES],
  ['the bucket', BUCKET_CASES],
  ['the ledger', LEDGER_CASES],
] as const)('%s', (_, cases) => {
  for (const engine of cases) {
    const { impossible = null } = engine;
    test.skipIf(impossible !== null)(
      `${engine.name}${impossible === null ? '' : ` (skipped: ${impossible})`}`,
      () => expectCase(engine),
      CASE_DEADLINE_MS,
    );
  }
});
