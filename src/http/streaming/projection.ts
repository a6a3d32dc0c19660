import type { Run, RunEvent } from '../../runs/run.ts';

const SHORTEST_RETRY_MS = 100;
const RETRY_SPREAD_MS = 1_900;

/** Why a stream ends before its answer does, and how. */
export interface StreamBreak {
  code: string;
  message: string;
  /** The number of the last frame that this reader has; it goes on after it. */
  lastNumber: number;
}

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
  /** The last frame of a stream that cannot go on here: an error by name, with the place to go on from. */
  breakOff(reason: StreamBreak): string;
}

/**
 * No frame of the log, so it has no number of its own. `retry` is what the HTML standard has readers wait before they
 * come back: each for another while.
 */
export function errorFrame(fields: object): string {
  const retryMs = Math.round(SHORTEST_RETRY_MS + Math.random() * RETRY_SPREAD_MS);
  return `retry: ${retryMs}\nevent: error\ndata: ${JSON.stringify(fields)}\n\n`;
}

/** Sent after the last frame. It has no number of its own. */
export const STREAM_END = 'data: [DONE]\n\n';
