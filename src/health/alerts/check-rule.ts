import { countOf, quantile } from '../signals/timing.ts';
import type { SignalWindows } from '../signals/windows.ts';
import type { AlertRule, Condition } from './rule.ts';

/** What one look finds of one subject of a rule: the empty one where it has none. */
export interface Finding {
  subject: string;
  /** Null where there is not enough to go by: neither a failure nor a recovery. */
  isBroken: boolean | null;
  /** What was compared with the threshold, or null. */
  value: number | null;
}

/** A gauge that nobody reports says nothing, except that its subjects are gone; those are left out. */
export function checkRule(rule: AlertRule, windows: SignalWindows): Finding[] {
  const { condition } = rule;
  if (isOfGauge(condition)) return checkGauge(rule, condition, windows);
  return [{ subject: '', ...checkWindow(condition, windows) }];
}

type OfGauge = Extract<Condition, { kind: 'above' | 'below' }>;
type OfWindow = Exclude<Condition, OfGauge>;

function isOfGauge(condition: Condition): condition is OfGauge {
  return condition.kind === 'above' || condition.kind === 'below';
}

/** Machines are told apart: somebody has to go to the right one. */
function checkGauge(
  { layer }: AlertRule,
  { kind, of, threshold }: OfGauge,
  windows: SignalWindows,
): Finding[] {
  const values = layer === 'machine' ? windows.gaugeByHost(of) : windows.gauge(of);
  return [...values].map(([subject, value]) => ({
    subject,
    isBroken: kind === 'above' ? value > threshold : value < threshold,
    value,
  }));
}

function checkWindow(condition: OfWindow, windows: SignalWindows): Omit<Finding, 'subject'> {
  const found = measure(condition, windows);
  // Broken is broken, however short the look; whole is only what was watched for the whole window.
  if (!found.isBroken && windows.coveredSeconds < condition.seconds) return { ...found, isBroken: null };
  return found;
}

function measure(condition: OfWindow, windows: SignalWindows): { isBroken: boolean; value: number | null } {
  switch (condition.kind) {
    case 'count': {
      const value = windows.count(condition.of, condition.seconds);
      return { isBroken: value >= condition.threshold, value };
    }
    case 'quantile': {
      const timing = windows.timing(condition.of, condition.seconds);
      const value = quantile(timing, condition.share);
      const isBroken =
        value !== null && value > condition.threshold && countOf(timing) >= condition.minEvents;
      return { isBroken, value };
    }
    case 'ratio': {
      const { events, value } = shareOf(condition, windows, 0);
      return { isBroken: events >= condition.minEvents && value >= condition.threshold, value };
    }
    case 'rise': {
      const now = shareOf(condition, windows, 0);
      const before = shareOf({ ...condition, seconds: condition.before }, windows, condition.seconds);
      const isRise = before.all > 0 && now.value >= condition.factor * before.value;
      const isBroken = isRise && now.events >= condition.minEvents && now.value >= condition.threshold;
      return { isBroken, value: now.value };
    }
  }
}

function shareOf(
  { of, to, seconds }: Pick<Extract<Condition, { kind: 'ratio' }>, 'of' | 'to' | 'seconds'>,
  windows: SignalWindows,
  endedSecondsAgo: number,
): { events: number; all: number; value: number } {
  const events = windows.count(of, seconds, endedSecondsAgo);
  const all = to.reduce((sum, name) => sum + windows.count(name, seconds, endedSecondsAgo), 0);
  return { events, all, value: all === 0 ? 0 : events / all };
}
