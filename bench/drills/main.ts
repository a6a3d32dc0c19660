/** Runs the drills of the library one after another on this machine, and prints what was measured beside the goals. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { DrillReport } from '../../src/contract/drill-report.ts';
import { conductDrill } from '../../src/drills/conduct/conduct-drill.ts';
import { libraryScenarios } from '../../src/drills/scenario/library.ts';
import type { Scenario } from '../../src/drills/scenario/parse-scenario.ts';
import { missingFor } from '../../src/drills/scenario/requirements-of.ts';
import { VERSION } from '../../src/system/version.ts';
import { GOALS, type Goal, measuredFor } from './goals.ts';

interface Outcome {
  scenario: string;
  report: DrillReport | null;
  /** Why there is no report. */
  reason: string;
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    goals: { type: 'boolean', default: false },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const archive = values.out ?? mkdtempSync(join(tmpdir(), 'budao-drill-reports-'));
const controller = new AbortController();
process.once('SIGINT', () => controller.abort());
const only = new RegExp(values.only);
const named = new Set(GOALS.map(({ scenario }) => scenario));
const scenarios = libraryScenarios().filter(
  ({ name }) => only.test(name) && (!values.goals || named.has(name)),
);
const outcomes: Outcome[] = [];
for (const scenario of scenarios) {
  if (controller.signal.aborted) break;
  outcomes.push(await runOne(scenario));
}
if (values.json) process.stdout.write(`${JSON.stringify(outcomes, null, 2)}\n`);
else print(outcomes);
process.exitCode = GOALS.every((goal) => isMet(goal, outcomes)) && outcomes.every(hasPassed) ? 0 : 1;

async function runOne(scenario: Scenario): Promise<Outcome> {
  const { name } = scenario;
  const lacks = missingFor(scenario);
  if (lacks.length > 0)
    return { scenario: name, report: null, reason: lacks.map(({ reason }) => reason).join('; ') };
  process.stderr.write(`${name} …\n`);
  try {
    const { report } = await conductDrill({
      scenario,
      workDir: join(tmpdir(), 'budao-drill-all'),
      archive,
      source: null,
      goldenFile: null,
      people: { commander: null, approver: null },
      seed: '1',
      language: 'en',
      programVersion: VERSION,
      signal: controller.signal,
      onProgress() {},
    });
    return { scenario: name, report, reason: failing(report) };
  } catch (error) {
    return { scenario: name, report: null, reason: String(error).split('\n')[0] ?? '' };
  }
}

function failing({ gates }: DrillReport): string {
  return gates
    .filter(({ verdict }) => verdict !== 'pass')
    .map(
      ({ gate, verdict, measured, target }) => `${gate} ${verdict} (${round(measured)} / ${round(target)})`,
    )
    .join(', ');
}

function print(all: readonly Outcome[]): void {
  const lines = all.map(({ scenario, report, reason }) => {
    const results = report?.results;
    const gap = results === undefined ? null : Math.max(0, ...results.gaps.map(({ ms }) => ms));
    const written = results?.writes.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    const lost = results?.writes.reduce((sum, one) => sum + one.lost, 0);
    return [
      scenario.padEnd(34),
      (report?.verdict ?? 'not run').padEnd(13),
      round(results?.rto_service_ms).padStart(8),
      round(results?.rto_verified_ms).padStart(8),
      round(gap).padStart(8),
      round(results?.streams.silence_p99_ms).padStart(8),
      (report === null ? '' : `${lost}/${written}`).padStart(10),
      ` ${reason}`,
    ].join(' ');
  });
  const head = `${'scenario'.padEnd(34)} ${'verdict'.padEnd(13)}   RTO ms  verified  gap ms silence  lost/acknowledged`;
  process.stdout.write(`${head}\n${lines.join('\n')}\n\nGoals\n`);
  for (const goal of GOALS) {
    const measured = measuredFor(goal, reportOf(goal.scenario, all));
    const verdict = measured === null ? 'no data' : measured <= goal.limit ? 'met' : 'MISSED';
    process.stdout.write(
      `${goal.what.padEnd(66)} ≤ ${String(goal.limit).padStart(6)} ${goal.unit.padEnd(3)} ${round(measured).padStart(8)}  ${verdict}\n`,
    );
  }
  process.stdout.write(`\nReports: ${archive}\n`);
}

function isMet(goal: Goal, all: readonly Outcome[]): boolean {
  if (!all.some(({ scenario }) => scenario === goal.scenario)) return true;
  const measured = measuredFor(goal, reportOf(goal.scenario, all));
  return measured !== null && measured <= goal.limit;
}

function hasPassed({ report }: Outcome): boolean {
  return report === null || report.verdict === 'pass';
}

function reportOf(scenario: string, all: readonly Outcome[]): DrillReport | null {
  return all.find((outcome) => outcome.scenario === scenario)?.report ?? null;
}

function round(value: number | null | undefined): string {
  return value === null || value === undefined ? '' : String(Math.round(value));
}
