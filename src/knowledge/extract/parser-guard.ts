/**
 * A thread beside the parser that ends the whole process when its parent is gone or its memory grows too large,
 * also while the parser is caught in an endless loop and hears nothing.
 */
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { memoryLimitMark } from './parser-protocol.ts';

export interface GuardOptions {
  parentPid: number;
  maxResidentBytes: number;
}

const pollMs = 200;
const { parentPid, maxResidentBytes } = workerData as GuardOptions;

setInterval(() => {
  if (process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL');
  if (process.memoryUsage.rss() <= maxResidentBytes) return;
  writeSync(2, `${memoryLimitMark}\n`);
  process.kill(process.pid, 'SIGKILL');
}, pollMs);
