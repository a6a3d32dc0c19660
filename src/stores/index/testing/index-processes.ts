/** Processes that write to an index until they are killed, or read it until they are told to stop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IndexLocation } from './index-location.ts';

function start(script: string, args: string[]): ChildProcess {
  const file = path.join(import.meta.dirname, script);
  return spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** Repeatable pseudo-random numbers from 0 to 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lets a writer acknowledge some batches, then kills it wherever it is. Returns what it acknowledged. */
export async function writeAndKill(
  location: IndexLocation,
  first: number,
  random: () => number,
): Promise<number[]> {
  const writer = start('writer-process.ts', [JSON.stringify(location), String(first)]);
  const exited = once(writer, 'exit');
  const acknowledged: number[] = [];
  const wanted = 1 + Math.floor(random() * 6);
  for await (const line of createInterface({ input: writer.stdout as NodeJS.ReadableStream })) {
    acknowledged.push(Number(line));
    if (acknowledged.length !== wanted) continue;
    await sleep(random() * 20);
    writer.kill('SIGKILL');
  }
  await exited;
  return acknowledged;
}

export function startReader(
  location: IndexLocation,
  maxMemoryRows: string,
): { child: ChildProcess; lines: string[]; closed: Promise<void> } {
  const child = start('reader-process.ts', [JSON.stringify(location), maxMemoryRows]);
  const lines: string[] = [];
  const read = async () => {
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream }))
      lines.push(line);
  };
  return { child, lines, closed: read() };
}
