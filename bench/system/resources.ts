import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Service } from '../../tests/support/service.ts';
import { cpuMs, memoryMiB, percentile, processTree } from './measure.ts';

const STARTS = 5;

export interface ResourceResult {
  /** From the command to `/readyz` 200, in ms: an empty new data folder, and one that exists. */
  firstStartMs: number;
  startMs: { p50: number; max: number };
  /** All processes of an idle service with the sample loaded, 20 s after its start. */
  idleMiB: number;
  idleCpuShare: number;
  processes: number;
}

export async function measureResources(): Promise<ResourceResult> {
  const dataDir = await mkdtemp(join(tmpdir(), 'budao-bench-'));
  try {
    const firstStartMs = await timeStart(dataDir);
    const starts: number[] = [];
    for (let count = 0; count < STARTS; count++) starts.push(await timeStart(dataDir));
    await using service = await Service.start({ dataDir, environment: { BUDAO_SAMPLE: '1' } });
    // Ingest of the sample ends, and its parser process leaves.
    await sleep(45_000);
    const pids = processTree(service.pid);
    const before = cpuMs(pids);
    await sleep(5_000);
    return {
      firstStartMs,
      startMs: { p50: percentile(starts, 0.5), max: Math.max(...starts) },
      idleMiB: memoryMiB(pids),
      idleCpuShare: (cpuMs(pids) - before) / 5_000,
      processes: pids.length,
    };
  } finally {
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function timeStart(dataDir: string): Promise<number> {
  const startedMs = performance.now();
  await using service = await Service.start({ dataDir, environment: { BUDAO_SAMPLE: '1' } });
  const tookMs = performance.now() - startedMs;
  await service.stop();
  return tookMs;
}
