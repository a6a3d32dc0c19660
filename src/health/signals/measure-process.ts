import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from './meter.ts';

/** Ten wake-ups a second cost nothing that shows, and a stall that people feel is longer than one of them. */
const LOOP_RESOLUTION_MS = 100;

/** What every process knows of itself: CPU, memory, file descriptors, and how late its event loop is. */
export class ProcessGauges implements Disposable {
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  readonly #maxDescriptors = maxDescriptors();
  #cpu = process.cpuUsage();
  #measuredMs = performance.now();

  constructor() {
    this.#loop.enable();
  }

  measure(meter: Meter): void {
    const nowMs = performance.now();
    const elapsedMs = Math.max(1, nowMs - this.#measuredMs);
    const spent = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    this.#measuredMs = nowMs;
    meter.gauge('process_cpu_ratio', (spent.user + spent.system) / 1_000 / elapsedMs);
    meter.gauge('process_memory_bytes', process.memoryUsage.rss());
    // The timer itself is part of what it measures.
    const delayMs = this.#loop.percentile(99) / 1e6 - LOOP_RESOLUTION_MS;
    if (this.#loop.count > 0) meter.gauge('loop_lag_seconds', Math.max(0, delayMs) / 1_000);
    this.#loop.reset();
    const open = openDescriptors();
    if (open !== null && this.#maxDescriptors !== null) {
      meter.gauge('descriptors_ratio', open / this.#maxDescriptors);
    }
  }

  [Symbol.dispose](): void {
    this.#loop.disable();
  }
}

function openDescriptors(): number | null {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return null;
  }
}

function maxDescriptors(): number | null {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
