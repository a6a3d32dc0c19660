import { describe, expect, test } from 'vitest';
import type { AlertRule, Signals } from '../api/operations.ts';
import { plotsOf } from './plots.ts';

const counter = (name: string, points: number[]) => ({
  name,
  layer: 'service' as const,
  kind: 'counter' as const,
  total: points.reduce((sum, point) => sum + point, 0),
  points,
});
const signals: Signals = {
  seconds: 60,
  point_seconds: 15,
  covered_seconds: 60,
  layers: {
    machine: [
      {
        name: 'disk_free_bytes',
        layer: 'machine',
        kind: 'gauge',
        values: { a: 5 },
        points: [null, 9, 5, null],
      },
    ],
    service: [counter('http_requests', [0, 30, 60, 60]), counter('http_errors', [0, 3, 0, 12])],
    business: [],
  },
};
const rule = (id: string, kind: 'ratio' | 'below', threshold: number): AlertRule => ({
  id,
  layer: 'service',
  severity: 'warning',
  condition: { kind, of: '', threshold },
  text: { zh: { title: '', advice: '' }, en: { title: '', advice: '' } },
  silenced_until: null,
});
const find = (layer: 'machine' | 'service', id: string, rules: AlertRule[] = []) =>
  plotsOf(layer, signals, rules).find((plot) => plot.id === id);

describe('what is plotted', () => {
  test('a share has no value where nothing happened, and for the whole time it is that of all', () => {
    expect(find('service', 'http_errors')).toMatchObject({ points: [null, 0.1, 0, 0.2], value: 0.1 });
  });

  test('a rate is by the second, whatever time a point stands for', () => {
    expect(find('service', 'http_requests')).toMatchObject({ points: [0, 2, 4, 4], value: 2.5 });
  });

  test('before the start there is no rate, and the time before it makes the rate of the whole no lower', () => {
    const young = (covered_seconds: number) =>
      plotsOf('service', { ...signals, covered_seconds }, []).find(({ id }) => id === 'http_requests');
    expect(young(50)).toMatchObject({ points: [null, 2, 4, 4], value: 3 });
    expect(young(10)).toMatchObject({ points: [null, null, null, 6], value: 15 });
    expect(young(0)).toMatchObject({ points: [null, null, null, null], value: null });
  });

  test('a gauge shows what was measured last', () => {
    expect(find('machine', 'disk_free_bytes')).toMatchObject({ value: 5, isNow: true });
  });

  test('something is wrong on the side of the threshold that the rule says, as it is configured', () => {
    const below = rule('disk-low', 'below', 6);
    expect(find('machine', 'disk_free_bytes', [below])).toMatchObject({
      isBad: true,
      threshold: { value: 6, bad: 'below' },
    });
    expect(find('machine', 'disk_free_bytes', [rule('disk-low', 'below', 4)])?.isBad).toBe(false);
    expect(find('service', 'http_errors', [rule('http-errors', 'ratio', 0.05)])?.isBad).toBe(true);
  });

  test('what nobody measures, such as a copy that there is not, is left out', () => {
    expect(find('service', 'replication_lag_seconds')).toBeUndefined();
  });
});
