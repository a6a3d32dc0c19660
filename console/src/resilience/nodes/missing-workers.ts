import type { ProcessState } from '../../api/operations.ts';

/** How many workers the nodes should have, and have not. */
export function missingWorkers(processes: readonly ProcessState[]): number {
  const nodes = new Set(processes.map(({ node }) => node));
  return [...nodes].reduce((missing, node) => {
    const own = processes.filter((process) => process.node === node && process.state !== 'silent');
    const configured = Math.max(0, ...own.map(({ load }) => load?.workers_configured ?? 0));
    return missing + Math.max(0, configured - own.filter(({ role }) => role === 'worker').length);
  }, 0);
}
