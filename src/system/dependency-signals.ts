import type { Dependencies } from '../dependencies/dependencies.ts';
import type { Meter } from '../health/signals/meter.ts';

/** Counts what this process has asked of its models since the last report. */
export function modelCallSampler(dependencies: Dependencies): (meter: Meter) => void {
  const before = { calls: 0, failures: 0 };
  return (meter) => {
    const models = dependencies.states().filter(({ kind }) => kind === 'model');
    const calls = models.reduce((sum, state) => sum + state.calls, 0);
    const failures = models.reduce((sum, state) => sum + state.failures, 0);
    meter.count('model_calls', calls - before.calls);
    meter.count('model_failures', failures - before.failures);
    Object.assign(before, { calls, failures });
  };
}
