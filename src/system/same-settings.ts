import { BudaoError } from '../contract/errors.ts';
import type { Sql } from '../ledger/ledger.ts';
import { listProcesses } from './process-table.ts';

/**
 * Nodes that read other models, limits or ways to answer from their files would answer the same question differently.
 *
 * @returns how many nodes share the settings
 * @throws BudaoError settings_differ, with the nodes that have others
 */
export async function requireSameSettings(sql: Sql, ownHash: string): Promise<string> {
  const present = (await listProcesses(sql)).filter(({ settingsHash }) => settingsHash !== null);
  const differing = present.filter(({ settingsHash }) => settingsHash !== ownHash);
  const nodes = namesOf(differing);
  if (nodes.length === 0) return `${namesOf(present).length} with the same settings${otherVersions(present)}`;
  throw new BudaoError(
    'conflict',
    'settings_differ',
    `Other settings than here are in force on: ${nodes.join(', ')}. Models, the embedder, answers and limits must be the ` +
      'same on every node: give all of them one budao.yaml, and restart those that still have the old one.',
  );
}

/** No fault: so it is while one node after another is upgraded. */
function otherVersions(processes: readonly { node: string | null; version: string }[]): string {
  const versions = Map.groupBy(processes, ({ version }) => version);
  if (versions.size < 2) return '';
  const parts = [...versions].map(([version, of]) => `${version} on ${namesOf(of).join(', ')}`);
  return `; of different versions: ${parts.sort().join('; ')}`;
}

function namesOf(processes: readonly { node: string | null }[]): string[] {
  return [...new Set(processes.map(({ node }) => node ?? 'an older program'))].sort();
}
