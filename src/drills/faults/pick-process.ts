import type { LaboratoryNode, NodeRole } from '../laboratory/node.ts';
import type { ProcessStat } from '../undo/processes.ts';
import { waitUntil } from '../wait-until.ts';

const PRESENT_DEADLINE_MS = 30_000;

/** The oldest of this role: one that is starting would not be missed by anybody. */
export async function pickProcess(node: LaboratoryNode, role: NodeRole): Promise<ProcessStat> {
  let found: ProcessStat[] = [];
  await waitUntil(
    () => (found = node.processes(role)).length > 0,
    PRESENT_DEADLINE_MS,
    () => `${node.name} has no process of the role ${role}`,
  );
  found.sort((a, b) => a.startedTicks - b.startedTicks);
  return found[0] as ProcessStat;
}
