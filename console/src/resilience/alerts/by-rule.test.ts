import { expect, test } from 'vitest';
import type { Alert } from '../../api/operations.ts';
import { byRule } from './by-rule.ts';

const alert = (
  rule: string,
  severity: Alert['severity'],
  fired_at: number,
  resolved_at: number | null = null,
) => ({ id: `${rule}${fired_at}`, rule, severity, fired_at, resolved_at }) as Alert;

test('alerts of one rule are told together, the worst first and with the time that they span', () => {
  const groups = byRule([
    alert('cpu-high', 'warning', 30, 60),
    alert('no-worker', 'critical', 10),
    alert('cpu-high', 'warning', 20, 90),
    alert('model-away', 'warning', 40),
  ]);
  expect(groups.map(({ rule }) => rule)).toEqual(['no-worker', 'model-away', 'cpu-high']);
  expect(groups[2]).toMatchObject({ firstAt: 20, lastAt: 90 });
  expect(groups[2]?.alerts.map(({ fired_at }) => fired_at)).toEqual([30, 20]);
});
