import type { Run, RunEvent } from '../../runs/run.ts';
import { errorFrame, type Projection, type StreamBreak } from '../streaming/projection.ts';

/** A run's log as it is, one frame an event. Frame numbers are the sequence numbers less one. */
export class RunLogProjection implements Projection {
  #isDone = false;

  get isDone(): boolean {
    return this.#isDone;
  }

  open(): void {
    // The log says everything by itself.
  }

  push(event: RunEvent, frames: string[]): void {
    const { seq, type, payload, createdAt } = event;
    frames.push(
      `event: ${type}\nid: ${seq}\ndata: ${JSON.stringify({ seq, type, payload, created_at: createdAt })}\n\n`,
    );
  }

  close(_run: Run): void {
    this.#isDone = true;
  }

  breakOff({ code, message, lastNumber }: StreamBreak): string {
    return errorFrame({ seq: lastNumber + 1, type: 'error', payload: { code, message } });
  }
}
