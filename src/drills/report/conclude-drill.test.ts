import { spawnSync } from 'node:child_process';
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { goodDrill, type Happening, writeDrill } from '../testing.ts';
import { pageStamps } from './archive.ts';
import { type ConcludedDrill, concludeDrill } from './conclude-drill.ts';
import { verifyReport } from './verify-report.ts';

const folder = await mkdtemp(join(tmpdir(), 'budao-drill-report-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
let count = 0;

async function conclude(
  archive: string,
  change: (happenings: Happening[]) => Happening[] = (happenings) => happenings,
  scenario = 'test',
): Promise<ConcludedDrill> {
  const { facts, happenings } = goodDrill();
  const drillId = `drill_${++count}`;
  const path = join(folder, `${drillId}.jsonl`);
  const own = { ...facts, drillId, scenario: { ...facts.scenario, name: scenario } };
  await writeDrill(path, { facts: own, happenings: change(happenings) });
  return concludeDrill(path, { archive, signer: null, language: 'en', programVersion: '1' });
}

const losing = (happenings: Happening[]): Happening[] =>
  happenings.map(([atMs, event]) => [
    atMs,
    event.type === 'read-back' && event.kind === 'message' ? { ...event, count: 0, sha256: null } : event,
  ]);

test('a finding stays open until a later drill of the same scenario passes, and reports are chained', async () => {
  const archive = join(folder, 'findings');
  const first = await conclude(archive, losing);
  expect(first.report).toMatchObject({ verdict: 'fail', previous: null });
  expect(first.report.findings.map(({ key, status }) => `${key} ${status}`)).toEqual([
    'test/rpo open',
    'test/lost-writes open',
  ]);
  const other = await conclude(archive, undefined, 'another');
  expect(other.report).toMatchObject({ findings: [], previous: null });
  const again = await conclude(archive, losing);
  expect(again.report.findings[1]).toMatchObject({ since: { drill_id: first.report.identity.drill_id } });
  const mended = await conclude(archive);
  expect(mended.report.verdict).toBe('pass');
  expect(mended.report.previous).toMatchObject({ drill_id: again.report.identity.drill_id, verdict: 'fail' });
  expect(mended.report.findings.map(({ status, retest }) => [status, retest])).toEqual([
    ['closed', mended.report.identity.drill_id],
    ['closed', mended.report.identity.drill_id],
  ]);
  expect((await conclude(archive)).report.findings).toEqual([]);
  expect((await verifyReport(mended.reportFile, '1')).checked).toContain('chain');
  expect(await pageStamps(archive)).toMatchObject({
    'restart-service': { verdict: 'pass', rto_service_ms: 1_010, rpo_ms: 0 },
  });
});

test.each([
  [
    'a figure of the report',
    'report.json',
    (text: string) => text.replace('"lost": 0', '"lost": 1'),
    /not the one that was signed/,
  ],
  [
    'a line of the log',
    'log.jsonl',
    (text: string) => text.replace('"count":1', '"count":2'),
    /not the one that was signed/,
  ],
  [
    'a word of the page',
    'report.html',
    (text: string) => text.replace('PASSED', 'FAILED'),
    /not the one that was signed/,
  ],
  [
    'the signature',
    'report.sig',
    (text: string) => text.replace(/[0-9a-f]{8}"\}$/m, '00000000"}'),
    /valid signature/,
  ],
])('a report is not believed after somebody changed %s', async (_, name, tamper, message) => {
  const { folder: made, reportFile } = await conclude(join(folder, `tampered-${name}`));
  const path = join(made, name);
  const text = await readFile(path, 'utf8');
  expect(tamper(text)).not.toBe(text);
  await writeFile(path, tamper(text));
  await expect(verifyReport(reportFile, '1')).rejects.toThrow(message);
});

test('a page that was sent alone proves itself, and shows when it was changed', async () => {
  const { pageFile } = await conclude(join(folder, 'alone'));
  const sent = join(folder, 'sent.html');
  await cp(pageFile, sent);
  expect(await verifyReport(sent, '1')).toMatchObject({ verdict: 'pass', checked: ['page'] });
  await writeFile(sent, (await readFile(sent, 'utf8')).replace('1.01 s', '0.01 s'));
  await expect(verifyReport(sent, '1')).rejects.toThrow(/changed after it was signed/);
});

test('the page needs nothing from anywhere, and no text of a scenario can become markup', async () => {
  const { pageFile } = await conclude(join(folder, 'page'), (happenings) => [
    ...happenings,
    [9_300, { type: 'note', text: '</script><img src=x onerror=alert(1)>' }],
  ]);
  const page = await readFile(pageFile, 'utf8');
  expect(page).not.toMatch(/(src|href)=["']?http|@import|url\(/);
  expect(page).not.toContain('<img');
  expect(await verifyReport(pageFile, '1')).toMatchObject({ verdict: 'pass' });
});

test('a log that a crash cut off is concluded from what it holds, and said to be cut off', async () => {
  const { facts, happenings } = goodDrill();
  const path = join(folder, 'torn.jsonl');
  await writeDrill(path, { facts: { ...facts, drillId: 'drill_torn' }, happenings: happenings.slice(0, 60) });
  await appendFile(path, '{"seq":');
  const archive = join(folder, 'torn');
  const { report } = await concludeDrill(path, {
    archive,
    signer: null,
    language: 'zh',
    programVersion: '1',
  });
  expect(report.evidence.log_is_torn).toBe(true);
  expect(report.verdict).not.toBe('pass');
});

test.each([
  ['that passed', undefined],
  ['that lost something', losing],
])(
  'a script that shares no code with the product finds the same figures in a drill %s',
  async (_, change) => {
    const { folder: made, reportFile } = await conclude(join(folder, `recomputed-${count}`), change);
    const script = fileURLToPath(new URL('../../../scripts/recompute-report.mjs', import.meta.url));
    const run = () => spawnSync(process.execPath, [script, made], { encoding: 'utf8' });
    const { status, stdout } = run();
    expect(stdout.match(/^same {2}/gm)).toHaveLength(8);
    expect(status).toBe(0);
    await writeFile(
      reportFile,
      (await readFile(reportFile, 'utf8')).replace('"rto_service_ms": 1010', '"rto_service_ms": 10'),
    );
    expect(run()).toMatchObject({ status: 1, stdout: expect.stringContaining('OTHER') });
  },
);
