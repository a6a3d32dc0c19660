import type { Run, RunEvent } from '../../runs/run.ts';

/**
 * Turns a run's log into the frames of a stream. Pure: the same log gives the same frames, in every process and at
 * any time, so that a reader goes on anywhere with the number of the last frame it has seen.
 */
export interface Projection {
  /** True once the last frame was made; whatever comes later is ignored. */
  readonly isDone: boolean;
  /** Frames that stand before any event. */
  open(frames: string[]): void;
  /** Adds the frames of one event. */
  push(event: RunEvent, frames: string[]): void;
  /** The run has ended: adds whatever the log itself did not say. */
  close(run: Run, frames: string[]): void;
}

/** Sent after the last frame. It has no number of its own. */
export const STREAM_END = 'data: [DONE]\n\n';
