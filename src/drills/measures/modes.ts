import { firstFaultMs, type Timeline } from './timeline.ts';

export interface Modes {
  /** Answers that said in which mode they were given. */
  answers: number;
  seen: readonly string[];
  /** Answers in a mode that was not allowed at that time. */
  wrong: number;
  /** How long answers came in another mode than before the fault, in all. */
  degradedMs: number;
}

/**
 * Before the fault and after the service is back, answers come in the modes of the steady state; between, also in those
 * that the scenario allows.
 */
export function modesOf(timeline: Timeline, backMs: number | null): Modes {
  const faultMs = firstFaultMs(timeline) ?? Number.POSITIVE_INFINITY;
  const answers = timeline.probes
    .filter(({ mode, isAnswered }) => mode !== null && isAnswered)
    .toSorted((left, right) => left.answeredMs - right.answeredMs);
  const before = answers.filter(({ answeredMs }) => answeredMs < faultMs).map(({ mode }) => mode);
  const normal = new Set(before.length === 0 ? ['full'] : before);
  const allowed = new Set([...normal, ...timeline.facts.allowedModes]);
  const wrong = answers.filter(({ mode, answeredMs, plannedMs }) => {
    const isBetween = answeredMs >= faultMs && plannedMs <= (backMs ?? Number.POSITIVE_INFINITY);
    return !(isBetween ? allowed : normal).has(mode);
  });
  let [degradedMs, sinceMs] = [0, null as number | null];
  for (const { mode, answeredMs } of answers) {
    if (!normal.has(mode)) sinceMs ??= answeredMs;
    else if (sinceMs !== null) {
      degradedMs += answeredMs - sinceMs;
      sinceMs = null;
    }
  }
  if (sinceMs !== null) degradedMs += timeline.endMs - sinceMs;
  return {
    answers: answers.length,
    seen: [...new Set(answers.map(({ mode }) => mode as string))].sort(),
    wrong: wrong.length,
    degradedMs,
  };
}
