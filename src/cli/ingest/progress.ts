import { SingleBar } from 'cli-progress';
import type { Terminal } from '../terminal/terminal.ts';

const WIDTH = 28;

export interface Progress extends Disposable {
  /** Another stretch of the work, from 0 to `total`. */
  begin(label: string, total: number): void;
  update(done: number, remark: string): void;
}

/** A bar where a person watches; nothing in a log, which the summary tells enough. */
export function createProgress(terminal: Terminal): Progress {
  if (!terminal.isWatched) return { begin() {}, update() {}, [Symbol.dispose]() {} };
  const bar = new SingleBar({
    format: '{label} [{bar}] {percentage}% {remark}',
    barsize: WIDTH,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  return {
    begin(label, total) {
      bar.stop();
      bar.start(Math.max(1, total), 0, { label, remark: '' });
    },
    update(done, remark) {
      bar.update(done, { remark });
    },
    [Symbol.dispose]() {
      bar.stop();
    },
  };
}
