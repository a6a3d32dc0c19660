/** A file that is there while this node does its work: a node without an API process has no door to knock at. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Probes of containers look for it, see deploy/container/health.mjs. */
const NAME = 'node-ready';

/** A folder that cannot be written keeps no node from working; who looks sees it as not ready. */
export function markReady(dataDir: string): void {
  try {
    writeFileSync(join(dataDir, NAME), `${process.pid}\n`);
  } catch {
    // The log tells of a full or read-only disk in any case.
  }
}

export function forgetReady(dataDir: string): void {
  rmSync(join(dataDir, NAME), { force: true });
}
