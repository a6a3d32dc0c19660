import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import type { Meter } from './meter.ts';

interface CpuTimes {
  busyMs: number;
  allMs: number;
}

/** What one process of a machine measures for all: its cores, its memory, and the disk under the data folder. */
export class MachineGauges {
  readonly #folder: string;
  #cpu = cpuTimes();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async measure(meter: Meter): Promise<void> {
    const cpu = cpuTimes();
    const allMs = cpu.allMs - this.#cpu.allMs;
    if (allMs > 0) meter.gauge('machine_cpu_ratio', (cpu.busyMs - this.#cpu.busyMs) / allMs);
    this.#cpu = cpu;
    meter.gauge('machine_memory_ratio', memoryRatio());
    const { bavail, bfree, blocks, bsize } = await statfs(this.#folder);
    meter.gauge('disk_free_bytes', bavail * bsize);
    const used = blocks - bfree;
    // As `df` counts: what is kept back for the superuser is neither free nor used.
    if (used + bavail > 0) meter.gauge('disk_used_ratio', used / (used + bavail));
  }
}

function cpuTimes(): CpuTimes {
  const times: CpuTimes = { busyMs: 0, allMs: 0 };
  for (const { times: core } of cpus()) {
    const busyMs = core.user + core.nice + core.sys + core.irq;
    times.busyMs += busyMs;
    times.allMs += busyMs + core.idle;
  }
  return times;
}

/** Within a container its own limit counts, where it has one. */
function memoryRatio(): number {
  const totalBytes = totalmem();
  const limitBytes = process.constrainedMemory();
  if (limitBytes > 0 && limitBytes < totalBytes) {
    return 1 - process.availableMemory() / limitBytes;
  }
  return 1 - availableBytes() / totalBytes;
}

/** What programs could still get: caches of files are given up for them. */
function availableBytes(): number {
  try {
    const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1_024;
  } catch {
    // Not Linux.
  }
  return process.availableMemory();
}
