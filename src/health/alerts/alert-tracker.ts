import type { Alert } from './alert-rows.ts';
import type { Finding } from './check-rule.ts';
import type { AlertRule } from './rule.ts';

interface Streak {
  failures: number;
  recoveries: number;
}

export interface Transitions {
  fire: { rule: AlertRule; finding: Finding }[];
  /** Ids of alerts that are over. */
  resolve: string[];
}

/**
 * Counts looks in a row: one that fails raises no alarm, and one that succeeds ends none. Kept in memory: after a
 * restart counting begins anew, and alerts that fire go on firing until they are seen whole again.
 */
export class AlertTracker {
  readonly #streaks = new Map<string, Streak>();

  /** `isComplete`: the processes have had time to report, so that what is not there is gone. */
  observe(
    looks: readonly { rule: AlertRule; findings: readonly Finding[] }[],
    open: readonly Alert[],
    isComplete: boolean,
  ): Transitions {
    const transitions: Transitions = { fire: [], resolve: [] };
    const openById = new Map(open.map((alert) => [idOf(alert.rule, alert.subject), alert]));
    const seen = new Set<string>();
    for (const { rule, findings } of looks) {
      for (const finding of findings) {
        const id = idOf(rule.name, finding.subject);
        seen.add(id);
        const streak = this.#count(id, finding.isBroken);
        const alert = openById.get(id);
        if (alert === undefined && streak.failures >= rule.failures) transitions.fire.push({ rule, finding });
        if (alert !== undefined && streak.recoveries >= rule.recoveries) transitions.resolve.push(alert.id);
      }
    }
    for (const [id, alert] of openById) {
      if (seen.has(id) || !isComplete) continue;
      // Nobody measures it any more, or the rule was turned off.
      const rule = looks.find((look) => look.rule.name === alert.rule)?.rule;
      const streak = this.#count(id, false);
      seen.add(id);
      if (streak.recoveries >= (rule?.recoveries ?? 1)) transitions.resolve.push(alert.id);
    }
    for (const id of this.#streaks.keys()) if (!seen.has(id)) this.#streaks.delete(id);
    return transitions;
  }

  #count(id: string, isBroken: boolean | null): Streak {
    const streak = this.#streaks.get(id) ?? { failures: 0, recoveries: 0 };
    this.#streaks.set(id, streak);
    if (isBroken === null) return streak;
    streak.failures = isBroken ? streak.failures + 1 : 0;
    streak.recoveries = isBroken ? 0 : streak.recoveries + 1;
    return streak;
  }
}

function idOf(rule: string, subject: string): string {
  return `${rule}/${subject}`;
}
