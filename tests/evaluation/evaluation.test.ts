import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EvaluationResult } from '../../src/contract/evaluation.ts';
import { parseGolden } from '../../src/evaluation/golden.ts';
import { runEvaluation } from '../../src/evaluation/run-evaluation.ts';
import { openBudaoTarget } from '../../src/evaluation/targets/budao-target.ts';
import { budao } from '../support/cli.ts';
import { ROOT, Service } from '../support/service.ts';
import { until } from '../support/until.ts';

interface Shown {
  id: string;
  verdict: string;
  is_baseline: boolean;
  comparison: { checks: { name: string; verdict: string; reason: string }[]; lost_questions: string[] };
  result: EvaluationResult;
}

let service: Service;
let place: string;
let sampleId: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'budao-evaluation-'));
  service = await Service.start({ environment: { BUDAO_SAMPLE: '1' } });
  await until(async () => {
    const { data } = await service.json<{ data: { id: string; file_counts: Record<string, number> }[] }>(
      'GET',
      '/v1/vector_stores',
    );
    sampleId = data[0]?.id ?? '';
    const counts = data[0]?.file_counts;
    return (counts?.total ?? 0) > 0 && counts?.completed === counts?.total;
  }, 120_000);
}, 180_000);
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
  await rm(place, { recursive: true, force: true, maxRetries: 5 });
});

const cli = (...args: string[]) => budao(['eval', ...args, '--data-dir', service.dataDir]);

async function evaluate(...args: string[]): Promise<Shown & { code: number | null }> {
  const { code, stdout, stderr } = await cli('run', ...args, '--json');
  if (stdout === '') throw new Error(stderr);
  return { code, ...(JSON.parse(stdout) as Shown) };
}

test('the sample can be evaluated out of the box, against its baseline, and the wound is seen when documents go', async () => {
  const first = await evaluate('--set', 'sample', '--baseline', 'save');
  expect(EvaluationResult.parse(first.result).totals).toMatchObject({
    questions: 40,
    unanswered: 0,
    leaks: 0,
  });
  expect(first).toMatchObject({ code: 5, verdict: 'inconclusive', is_baseline: true });
  expect(first.result.totals.hit5).toBeGreaterThan(0.9);
  expect(first.result.totals.citations.missing).toBe(0);
  expect(first.result.totals.support).toBeGreaterThan(0.95);
  expect(first.result.identities.subject.prompt_version).not.toBeNull();

  const again = await evaluate('--set', 'sample');
  expect(again).toMatchObject({ code: 0, verdict: 'pass', comparison: { lost_questions: [] } });
  expect(again.result.questions.map(({ retrieval }) => retrieval?.passages)).toEqual(
    first.result.questions.map(({ retrieval }) => retrieval?.passages),
  );

  const { data } = await service.json<{ data: { id: string }[] }>(
    'GET',
    `/v1/vector_stores/${sampleId}/files?limit=100`,
  );
  for (const { id } of data.slice(0, 10))
    await service.json('DELETE', `/v1/vector_stores/${sampleId}/files/${id}`);
  const wounded = await evaluate('--set', 'sample');
  expect(wounded).toMatchObject({ code: 1, verdict: 'fail' });
  expect(wounded.comparison.lost_questions.length).toBeGreaterThan(5);

  const compared = await cli('compare', first.id, wounded.id, '--lang', 'zh');
  expect(compared.code).toBe(1);
  expect(compared.stdout).toMatch(/✗ 正确回答: 变差，且并非偶然.*\n/u);
  expect(compared.stdout).toContain('未通过');
}, 180_000);

test('a failed evaluation of a set with a baseline fires an alert', async () => {
  await until(async () => {
    const { data } = await service.json<{ data: { rule: string; subject: string }[] }>('GET', '/ops/alerts');
    return data.some(({ rule, subject }) => rule === 'evaluation-failing' && subject === 'sample');
  }, 60_000);
});

test('an import takes all lines or none, and names every broken one', async () => {
  const file = join(place, 'broken.jsonl');
  const good = '{"id": "a", "question": "婚假多少天？", "facts": [["13天"]]}';
  await writeFile(file, `${good}\n{"id": "b"}\nnonsense\n${good}\n{"id": "c", "question": "?"}\n`);
  const refused = await cli('import', file, '--set', 'broken');
  expect(refused.code).toBe(2);
  for (const line of [2, 3, 4, 5]) expect(refused.stderr).toContain(`Line ${line}:`);
  expect((await cli('sets')).stdout).not.toContain('broken');
  const direct = await cli('run', '--set', file);
  expect(direct.code).toBe(2);
  expect(direct.stderr).toContain('Line 3:');
});

test('a set comes out as it went in', async () => {
  const sample = join(ROOT, 'samples/hospital/golden.jsonl');
  expect((await cli('import', sample, '--set', 'copy')).stdout).toContain('40');
  const exported = await cli('export', 'copy');
  expect(parseGolden(exported.stdout)).toEqual(parseGolden(await readFile(sample, 'utf8')));
});

test('a turn of a conversation and the text of documents become drafts, asked once approved', async () => {
  await service.json('POST', '/ops/golden-sets', { name: 'mine', knowledge_base_ids: [sampleId] });
  const empty = await cli('run', '--set', 'mine');
  expect(empty.stderr).toContain('no approved question');
  const { id } = await service.json<{ id: string }>('POST', '/v1/responses', {
    input: '停电之后不间断电源能撑多少分钟？',
    tools: [{ type: 'file_search', vector_store_ids: [sampleId] }],
  });
  await service.json('POST', '/ops/golden-sets/mine/questions/from-response', { response_id: id });
  expect((await cli('draft', 'mine', '--count', '5')).code).toBe(0);
  const drafts = await cli('questions', 'mine', '--drafts', '--json');
  expect((JSON.parse(drafts.stdout) as { data: unknown[] }).data).toHaveLength(6);
  expect((await cli('run', '--set', 'mine')).stderr).toContain('no approved question');
  expect((await cli('approve', 'mine', '--all')).code).toBe(0);
  const { result } = await evaluate('--set', 'mine');
  expect(result.totals.questions).toBe(6);
  // Every one of them was drafted from what it now has to find.
  expect(result.totals.document_hit5).toBe(1);
}, 60_000);

test('another installation is evaluated by its address and key, and a wrong key fails every question', async () => {
  const questions = parseGolden('{"id": "a", "question": "婚假多少天？", "facts": [["13天"]]}');
  const target = await openBudaoTarget({ baseUrl: service.url, apiKey: service.apiKey });
  const { totals } = await runEvaluation(target, { name: 'one', questions });
  expect(totals.unanswered).toBe(0);
  await expect(
    openBudaoTarget({ baseUrl: service.url, apiKey: 'bdk_wrong_000000000000000000' }),
  ).rejects.toMatchObject({
    code: 'invalid_api_key',
  });
  await service.stop();
  const silent = await runEvaluation(target, { name: 'one', questions });
  expect(silent.questions[0]).toMatchObject({ failures: ['unanswered'], error: { code: 'unreachable' } });
});
