import { BudaoError } from '../contract/errors.ts';

export type InterruptionReason = 'cancelled' | 'deadline' | 'lease_lost' | 'shutdown';

const MESSAGES: Record<InterruptionReason, string> = {
  cancelled: 'The run was asked to stop.',
  deadline: 'The run took longer than its time limit.',
  lease_lost: 'Another process has taken this run over.',
  shutdown: 'This process is stopping; the run goes on elsewhere.',
};

/** Why a handler has to stop. After `lease_lost` and `shutdown` it must not write anything more. */
export class RunInterruption extends BudaoError {
  readonly reason: InterruptionReason;

  constructor(reason: InterruptionReason) {
    super('unavailable', `run_${reason}`, MESSAGES[reason]);
    this.reason = reason;
  }
}
