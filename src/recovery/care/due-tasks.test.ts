import { expect, test } from 'vitest';
import { dueTasks, FIRST_SNAPSHOT_AFTER_MS, nextOccasion, overdueMs } from './due-tasks.ts';
import { ScheduleSettings, type ScheduleState } from './schedules.ts';

const at = (text: string): number => Date.parse(text);
const salt = 'inst_1';
const settings = ScheduleSettings.parse({ timeZone: 'UTC', jitterSeconds: 0 });
const DAY_MS = 86_400_000;

const seen = (time: number): ScheduleState => ({
  snapshot: { handledDue: time, since: time },
  verify: { handledDue: time, since: time },
  rehearse: { handledDue: time, since: time },
  prune: { handledDue: time, since: time },
});

test('nothing is due at the start of an installation, and its first snapshot comes soon after', () => {
  const now = at('2026-11-18T12:00:00Z');
  const { due, state } = dueTasks(settings, {}, { now, salt });
  expect(due).toEqual([]);
  const later = dueTasks(settings, state, { now: now + FIRST_SNAPSHOT_AFTER_MS, salt });
  expect(later.due.map(({ task }) => task)).toEqual(['snapshot']);
});

test('occasions that were missed while the service was off are caught up once', () => {
  const now = at('2026-11-25T12:00:00Z');
  const { due } = dueTasks(settings, seen(at('2026-11-01T00:00:00Z')), { now, salt });
  expect(due).toEqual([
    { task: 'snapshot', due: at('2026-11-25T02:30:00Z') },
    { task: 'verify', due: at('2026-11-22T03:30:00Z') },
    { task: 'rehearse', due: at('2026-11-22T05:00:00Z') },
    { task: 'prune', due: at('2026-11-22T06:30:00Z') },
  ]);
  expect(dueTasks(settings, seen(now), { now: now + 1, salt }).due).toEqual([]);
});

test('a clock that was set back keeps nothing from being done again', () => {
  const now = at('2026-11-18T12:00:00Z');
  const { state } = dueTasks(settings, seen(now + 400 * DAY_MS), { now, salt });
  expect(state.snapshot).toEqual({ handledDue: null, since: now });
  expect(dueTasks(settings, state, { now: now + DAY_MS, salt }).due.map(({ task }) => task)).toEqual([
    'snapshot',
  ]);
});

test('an occasion waits for its jitter, which is the same on every node', () => {
  const jittery = { ...settings, jitterSeconds: 3_600 };
  const due = at('2026-11-18T02:30:00Z');
  const next = nextOccasion('snapshot', jittery, { now: due - 1, salt }) ?? 0;
  expect(next).toBeGreaterThanOrEqual(due);
  expect(next).toBeLessThan(due + 3_600_000);
  const known = seen(due - 1_000);
  if (next > due) expect(dueTasks(jittery, known, { now: next - 1, salt }).due).toEqual([]);
  expect(dueTasks(jittery, known, { now: next, salt }).due).toEqual([{ task: 'snapshot', due }]);
});

test('what is off is never due and never overdue', () => {
  const off = { ...settings, snapshot: 'off' };
  const now = at('2026-11-25T12:00:00Z');
  expect(dueTasks(off, seen(0), { now, salt }).due.map(({ task }) => task)).not.toContain('snapshot');
  expect(overdueMs('snapshot', off, { lastSuccessAt: null, since: 0, now })).toBe(0);
});

test('a task is overdue once its next success should have come, and not before', () => {
  const lastSuccessAt = at('2026-11-18T02:31:00Z');
  const late = (hours: number) =>
    overdueMs('snapshot', settings, { lastSuccessAt, since: 0, now: lastSuccessAt + hours * 3_600_000 });
  expect(late(26)).toBe(0);
  expect(late(30)).toBeGreaterThan(0);
});
