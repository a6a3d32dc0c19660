import { readFileSync } from 'node:fs';
import { until } from './until.ts';

/** A process that was stopped with SIGSTOP; it goes on when this is disposed, if it still exists. */
export class Frozen implements Disposable {
  readonly pid: number;

  private constructor(pid: number) {
    this.pid = pid;
  }

  static async freeze(pid: number): Promise<Frozen> {
    process.kill(pid, 'SIGSTOP');
    const frozen = new Frozen(pid);
    await until(() => /^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
    return frozen;
  }

  thaw(): void {
    try {
      process.kill(this.pid, 'SIGCONT');
    } catch {
      // Killed meanwhile, as it should be when it does not answer.
    }
  }

  [Symbol.dispose](): void {
    this.thaw();
  }
}
