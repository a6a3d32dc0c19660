import type { TargetSettings } from '../targets/target.ts';

/**
 * Probes that ask the target on their own timetables, from a thread of their own, and write into the drill's log what
 * was acknowledged and how soon.
 */
export interface RunningProbes extends AsyncDisposable {
  /**
   * Until each kind of probe has met its objective for so long without a break, counted from this call on, and every
   * probe of that time is answered. With `withinMs` 0 it only looks back.
   *
   * @returns whether that happened within the time
   */
  untilSteady(options: { forMs: number; withinMs: number }): Promise<boolean>;
  /** The target is there from now on, such as after it was restored to another machine. */
  retarget(settings: TargetSettings): void;
  /** Sends no more; what is under way is finished, or given up when its time is over. */
  stop(): Promise<void>;
  /** After `stop`: looks for every write that was acknowledged or is of unknown outcome, and logs what is there. */
  readBack(options: { withinMs: number }): Promise<void>;
}
