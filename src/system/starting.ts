/** How far a start has come, told before anything can be asked over the network: for `budao status`. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataFolder } from './data-folder.ts';
import { isAlive } from './process-table.ts';

/** In this order. */
export const START_STEPS = ['ledger', 'installation', 'processes'] as const;
export type StartStep = (typeof START_STEPS)[number];

export interface Starting {
  /** `index`: questions wait until what was restored is indexed; `repair`: they are answered meanwhile. */
  step: StartStep | 'index' | 'repair';
  /** From 0 to 1. */
  progress: number;
}

/** Only a hint for people: a disk that is full keeps nothing from starting. */
export function noteStarting(folder: DataFolder, step: StartStep | null): void {
  try {
    if (step === null) rmSync(pathIn(folder), { force: true });
    else writeFileSync(pathIn(folder), `${JSON.stringify({ pid: process.pid, step })}\n`);
  } catch {
    // `budao status` shows the processes all the same.
  }
}

/** @returns null when nobody is starting; what a killed supervisor left behind is no news */
export function readStarting(folder: DataFolder): Starting | null {
  try {
    const { pid, step } = JSON.parse(readFileSync(pathIn(folder), 'utf8')) as {
      pid: number;
      step: StartStep;
    };
    const index = START_STEPS.indexOf(step);
    return index === -1 || !isAlive(pid) ? null : { step, progress: index / START_STEPS.length };
  } catch {
    return null;
  }
}

function pathIn(folder: DataFolder): string {
  return join(folder.path, 'starting.json');
}
