/** What is done for the backups by itself, and when: as configured, and as changed while the service runs. */
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import type { Sql } from '../../ledger/ledger.ts';
import { isTimeZone, parseCalendar } from './calendar.ts';

export const CARE_TASKS = ['snapshot', 'verify', 'rehearse', 'prune'] as const;
export type CareTask = (typeof CARE_TASKS)[number];

const SCHEDULES_CHANGED = 'backup.schedules';

const when = z
  .string()
  .max(64)
  .transform((text, context) => {
    try {
      parseCalendar(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
    return text.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  });
const timeZone = z.string().max(64).refine(isTimeZone, {
  error: 'must be a time zone such as UTC, Asia/Shanghai or Europe/Berlin',
});
const jitterSeconds = z.int().min(0).max(3_600);
const sharePercent = z.number().min(1).max(100);

/** Nightly, and before people come to work on Mondays. */
export const ScheduleSettings = z.strictObject({
  /** Null: the machine's own. */
  timeZone: timeZone.nullable().default(null),
  /** Each occasion is put off by a chance of so many seconds, so that not all installations ask one server at once. */
  jitterSeconds: jitterSeconds.default(120),
  snapshot: when.default('daily 02:30'),
  verify: when.default('weekly sun 03:30'),
  /** How much of a repository is read back each time, by chance. */
  verifySharePercent: sharePercent.default(100),
  /** Needs backup.keyFile. */
  rehearse: when.default('weekly sun 05:00'),
  prune: when.default('weekly sun 06:30'),
});
export type ScheduleSettings = z.infer<typeof ScheduleSettings>;

/** Null takes a change back. */
export const ScheduleChanges = z.strictObject({
  timeZone: timeZone.nullable().optional(),
  jitterSeconds: jitterSeconds.nullable().optional(),
  snapshot: when.nullable().optional(),
  verify: when.nullable().optional(),
  verifySharePercent: sharePercent.nullable().optional(),
  rehearse: when.nullable().optional(),
  prune: when.nullable().optional(),
});
export type ScheduleChanges = z.infer<typeof ScheduleChanges>;

export interface Schedules {
  settings: ScheduleSettings;
  /** What was changed while the service ran; the rest is as configured. */
  changes: ScheduleChanges;
  changedBy: string | null;
  changedAt: number | null;
}

interface StoredChanges {
  changes: ScheduleChanges;
  by: string;
}

export async function readSchedules(sql: Sql, configured: ScheduleSettings): Promise<Schedules> {
  const row = await sql.get<{ value: string; updated_at: number }>(
    'SELECT value, updated_at FROM setting WHERE name = :name',
    { name: SCHEDULES_CHANGED },
  );
  if (row === undefined) return { settings: configured, changes: {}, changedBy: null, changedAt: null };
  const { changes, by } = JSON.parse(row.value) as StoredChanges;
  // What a newer program has written is no reason to stand still.
  const known = ScheduleChanges.safeParse(changes);
  const counted = known.success ? known.data : {};
  const settings = { ...configured, ...withoutNulls(counted) };
  return { settings, changes: counted, changedBy: by, changedAt: Number(row.updated_at) };
}

/** @throws BudaoError schedule_invalid */
export async function changeSchedules(
  tx: Sql,
  configured: ScheduleSettings,
  { changes, by, now }: { changes: ScheduleChanges; by: string; now: number },
): Promise<Schedules> {
  const parsed = ScheduleChanges.safeParse(changes);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const message = `${issue?.path.join('.')}: ${issue?.message}`;
    throw new BudaoError('invalid', 'schedule_invalid', message);
  }
  const before = await readSchedules(tx, configured);
  const merged = withoutNulls({ ...before.changes, ...parsed.data });
  await tx.run(
    `INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
    { name: SCHEDULES_CHANGED, value: JSON.stringify({ changes: merged, by } satisfies StoredChanges), now },
  );
  const settings = { ...configured, ...merged };
  const moved = CARE_TASKS.filter(
    (task) => settings[task] !== before.settings[task] || settings.timeZone !== before.settings.timeZone,
  );
  await forgetOccasions(tx, moved, now);
  return { settings, changes: merged, changedBy: by, changedAt: now };
}

export function timeZoneOf({ timeZone: named }: Pick<ScheduleSettings, 'timeZone'>): string {
  return named ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

const SCHEDULE_STATE = 'backup.schedule-state';

/** Up to which occasion each task was seen to; in milliseconds since the epoch. */
export type ScheduleState = Partial<
  Record<
    CareTask,
    {
      /** Null before the first. */
      handledDue: number | null;
      /** Since when the task is looked after as it is now. */
      since: number;
    }
  >
>;

export async function readScheduleState(sql: Sql): Promise<ScheduleState> {
  const row = await sql.get<{ value: string }>('SELECT value FROM setting WHERE name = :name', {
    name: SCHEDULE_STATE,
  });
  return row === undefined ? {} : (JSON.parse(row.value) as ScheduleState);
}

export async function writeScheduleState(tx: Sql, state: ScheduleState, now: number): Promise<void> {
  await tx.run(
    `INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now)
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
    { name: SCHEDULE_STATE, value: JSON.stringify(state), now },
  );
}

/** What comes under another schedule has missed nothing of it yet. */
async function forgetOccasions(tx: Sql, tasks: readonly CareTask[], now: number): Promise<void> {
  if (tasks.length === 0) return;
  const state = await readScheduleState(tx);
  for (const task of tasks) state[task] = { handledDue: now, since: now };
  await writeScheduleState(tx, state, now);
}

type Present<Changes> = { [Key in keyof Changes]?: NonNullable<Changes[Key]> };

function withoutNulls(changes: ScheduleChanges): Present<ScheduleChanges> {
  return Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== null && value !== undefined),
  ) as Present<ScheduleChanges>;
}
