import { createHash } from 'node:crypto';
import { lastDue, longestInterval, nextDue, parseCalendar } from './calendar.ts';
import {
  CARE_TASKS,
  type CareTask,
  type ScheduleSettings,
  type ScheduleState,
  timeZoneOf,
} from './schedules.ts';

/** Whoever has just named a repository looks whether it works, and makes the first snapshot by hand perhaps. */
export const FIRST_SNAPSHOT_AFTER_MS = 10 * 60_000;
/** Beside its jitter an occasion may be so late before it counts as missed: a tenth of the interval, at least this. */
const MIN_GRACE_MS = 15 * 60_000;
const MINUTE_MS = 60_000;

export interface Occasion {
  task: CareTask;
  due: number;
}

/**
 * Which tasks have come due since they were last seen to. However many occasions of a task were missed, it is due once.
 *
 * @returns `state` with a beginning for tasks that are new
 */
export function dueTasks(
  settings: ScheduleSettings,
  known: ScheduleState,
  { now, salt }: { now: number; salt: string },
): { due: Occasion[]; state: ScheduleState } {
  const state: ScheduleState = {};
  const due: Occasion[] = [];
  for (const task of CARE_TASKS) {
    const before = known[task];
    // Before a clock was set back: what lies ahead was not seen to.
    const { handledDue, since } =
      before === undefined || before.since > now || (before.handledDue ?? 0) > now
        ? { handledDue: null, since: now }
        : before;
    state[task] = { handledDue, since };
    const last = lastOccasion(task, settings, now, salt);
    if (last === null) continue;
    // The first snapshot waits for no calendar; everything else begins with its next occasion.
    const isFirst = handledDue === null && task === 'snapshot' && now - since >= FIRST_SNAPSHOT_AFTER_MS;
    if (isFirst || last > (handledDue ?? since)) due.push({ task, due: last });
  }
  return { due, state };
}

/** The last time that is past, with its jitter. */
function lastOccasion(task: CareTask, settings: ScheduleSettings, now: number, salt: string): number | null {
  const calendar = parseCalendar(settings[task]);
  const zone = timeZoneOf(settings);
  const last = lastDue(calendar, zone, now);
  if (last === null) return null;
  if (last + jitterOf(settings, task, last, salt) <= now) return last;
  return lastDue(calendar, zone, last - 1);
}

/** When a task comes next, with its jitter; null when it is off. */
export function nextOccasion(
  task: CareTask,
  settings: ScheduleSettings,
  { now, salt }: { now: number; salt: string },
): number | null {
  const calendar = parseCalendar(settings[task]);
  const zone = timeZoneOf(settings);
  const last = lastDue(calendar, zone, now);
  if (last !== null && last + jitterOf(settings, task, last, salt) > now)
    return last + jitterOf(settings, task, last, salt);
  const next = nextDue(calendar, zone, now);
  return next === null ? null : next + jitterOf(settings, task, next, salt);
}

/** The same for whoever asks; never more than a tenth of the time to the next occasion. */
function jitterOf(settings: ScheduleSettings, task: CareTask, due: number, salt: string): number {
  const interval = longestInterval(parseCalendar(settings[task])) ?? 0;
  const most = Math.min(settings.jitterSeconds * 1_000, interval / 10);
  const chance = createHash('sha256').update(`${salt} ${task} ${due}`).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(chance * most);
}

/** How late a task is by now: 0 as long as the next occasion, with some grace, is still to come. */
export function overdueMs(
  task: CareTask,
  settings: ScheduleSettings,
  { lastSuccessAt, since, now }: { lastSuccessAt: number | null; since: number; now: number },
): number {
  const interval = longestInterval(parseCalendar(settings[task]));
  if (interval === null) return 0;
  const grace = Math.max(MIN_GRACE_MS, interval / 10) + settings.jitterSeconds * 1_000 + MINUTE_MS;
  return Math.max(0, now - Math.max(lastSuccessAt ?? 0, since) - interval - grace);
}
