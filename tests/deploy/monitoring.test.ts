import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { overviewDashboard } from '../../scripts/lib/grafana-dashboards.ts';
import { alertName, prometheusRules } from '../../scripts/lib/prometheus-rules.ts';
import type { AlertRule } from '../../src/health/alerts/rule.ts';
import { ALERT_RULES } from '../../src/health/alerts/rules.ts';
import { GAUGES, isKeyed } from '../../src/health/signals/signals.ts';
import { ROOT, Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const FOLDER = join(ROOT, 'deploy/monitoring');
const RULES = join(FOLDER, 'budao.rules.yml');
const DASHBOARD = join(FOLDER, 'dashboards/budao-overview.json');
const PREFIX = 'budao_installation_';
/** Longer than any rule waits; each step is 15 seconds. */
const AT = '12m';
const STEPS = 60;
const RISE_STEPS = 20;
const REPORTED_DEADLINE_MS = 40_000;

/** What some rule counts is not for another one to make up. */
const WATCHED = new Set(ALERT_RULES.map(({ condition }) => condition.of as string));

interface Dashboard {
  panels: { type: string; targets?: { expr: string }[] }[];
}

const expressions = async (): Promise<string[]> => {
  const { panels } = JSON.parse(await readFile(DASHBOARD, 'utf8')) as Dashboard;
  return panels.flatMap(({ targets }) => (targets ?? []).map(({ expr }) => expr));
};

describe('rules of Prometheus', () => {
  test('are those that the program has built in', async () => {
    expect(await readFile(RULES, 'utf8')).toBe(prometheusRules());
    expect(await readFile(DASHBOARD, 'utf8')).toBe(overviewDashboard());
  });

  test('are valid, and keep what their own tests say', async () => {
    await run('promtool', ['check', 'rules', RULES]);
    await run('promtool', ['test', 'rules', join(FOLDER, 'budao.rules.test.yml')]);
  });

  test('each fires when what it watches is broken, and is quiet when it is whole', async () => {
    await testAll();
  });
});

describe('the dashboard of Grafana', () => {
  test('every expression is understood by Prometheus', async () => {
    const found = await expressions();
    expect(found.length).toBeGreaterThan(40);
    await withFolder(async (folder) => {
      const file = join(folder, 'expressions.yml');
      const rules = found.map((expr, index) => ({
        record: `panel:${index}`,
        expr: expr.replaceAll('$__rate_interval', '1m'),
      }));
      await writeFile(file, stringify({ groups: [{ name: 'panels', rules }] }));
      await run('promtool', ['check', 'rules', file]);
    });
  });

  test('every metric of rules and dashboard is one that the service gives out', async () => {
    await using service = await Service.start();
    let metrics = '';
    // Processes report every five seconds; before their first report there is nothing to add up.
    await until(async () => {
      metrics = await (await fetch(`${service.url}/metrics`)).text();
      return metrics.includes('budao_installation_http_requests_total{');
    }, REPORTED_DEADLINE_MS);
    await checkMetrics(metrics);
    const given = new Set([...metrics.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
    // What has not happened has no value yet: the table of signals says that it can have one.
    for (const name of Object.keys(GAUGES)) given.add(PREFIX + name);
    const texts = [await readFile(RULES, 'utf8'), ...(await expressions())].join('\n');
    const used = new Set(texts.match(/\bbudao_(?:installation|http|ledger|admission)_\w+/g));
    expect(used.size).toBeGreaterThan(40);
    const missing = [...used].filter((name) => !given.has(name.replace(/_(bucket|count|sum)$/, '')));
    expect(missing).toEqual([]);
  });
});

/** As a machine reads them: promtool refuses what is malformed. */
async function checkMetrics(metrics: string): Promise<void> {
  const child = run('promtool', ['check', 'metrics']);
  child.child.stdin?.end(metrics);
  // Exit code 3: it would name some of them otherwise, and reads them all the same.
  await child.catch((error: { code?: number; stderr?: string }) => {
    if (error.code !== 3) throw new Error(error.stderr);
  });
}

/** Everything is broken at once, or nothing; only a rise needs a past that breaks no other rule. */
async function testAll(): Promise<void> {
  const rises = ALERT_RULES.filter(({ condition }) => condition.kind === 'rise');
  const others = ALERT_RULES.filter(({ condition }) => condition.kind !== 'rise');
  await withFolder(async (folder) => {
    const file = join(folder, 'all.yml');
    const tests = [others, rises].flatMap((rules) => [oneTest(rules, true), oneTest(rules, false)]);
    await writeFile(file, stringify({ rule_files: [RULES], evaluation_interval: '15s', tests }));
    await run('promtool', ['test', 'rules', file]).catch((error: { stdout?: string; stderr?: string }) => {
      throw new Error(`${error.stdout}${error.stderr}`);
    });
  });
}

interface InputSeries {
  series: string;
  values: string;
}

function oneTest(rules: readonly AlertRule[], isBroken: boolean): object {
  const series = new Map(
    rules.flatMap((rule) => seriesOf(rule, isBroken)).map((one) => [one.series, one] as const),
  );
  return {
    interval: '15s',
    input_series: [...series.values()],
    promql_expr_test: rules.map(({ name }) => ({
      expr: `count(ALERTS{alertname="${alertName(name)}",alertstate="firing"}) or vector(0)`,
      eval_time: AT,
      exp_samples: [{ value: isBroken ? 1 : 0 }],
    })),
  };
}

/** What Prometheus would have seen for a good hour, of a service where only this is broken, or nothing. */
function seriesOf({ layer, condition }: AlertRule, isBroken: boolean): InputSeries[] {
  switch (condition.kind) {
    case 'above':
    case 'below': {
      const label = layer === 'machine' ? 'host="h",' : isKeyed(condition.of) ? 'name="n",' : '';
      const isHigh = (condition.kind === 'above') === isBroken;
      const value = isHigh ? condition.threshold * 10 + 1 : 0;
      return [{ series: `${PREFIX}${condition.of}{${label}instance="a"}`, values: `${value}x${STEPS}` }];
    }
    case 'count':
      return [counter(condition.of, isBroken ? condition.threshold : 0)];
    case 'ratio': {
      const others = condition.to.filter((name) => !WATCHED.has(name));
      return [...others.map((name) => counter(name, 10)), counter(condition.of, isBroken ? 10 : 0)];
    }
    case 'rise':
      return [
        counter(condition.to[0] ?? '', 1_000),
        isBroken
          ? { ...counter(condition.of, 0), values: `0x${STEPS - RISE_STEPS} 30+30x${RISE_STEPS}` }
          : counter(condition.of, 30),
      ];
    case 'quantile': {
      const name = `${PREFIX}${condition.of}_seconds`;
      const counts = { [condition.threshold]: isBroken ? 0 : 20, 300: 20, '+Inf': 20 };
      return [
        ...Object.entries(counts).map(([le, growth]) => ({
          series: `${name}_bucket{le="${le}",instance="a"}`,
          values: `0+${growth}x${STEPS}`,
        })),
        { series: `${name}_count{instance="a"}`, values: `0+20x${STEPS}` },
      ];
    }
  }
}

function counter(name: string, growth: number): InputSeries {
  return { series: `${PREFIX}${name}_total{instance="a",role="api"}`, values: `0+${growth}x${STEPS}` };
}

async function withFolder(action: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'budao-rules-'));
  try {
    await action(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
