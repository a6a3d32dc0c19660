import { BudaoTarget } from './budao-target.ts';
import type { DrillTarget, TargetSettings } from './target.ts';

export function openTarget(settings: TargetSettings): DrillTarget {
  return new BudaoTarget(settings);
}
