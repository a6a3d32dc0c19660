import type { BackupResult, RehearsalEvidence } from '../../api/backups.ts';

/** What a rehearsal measured; empty for whatever is none, or never got so far. */
export function rehearsalOf({ task, evidence }: BackupResult): RehearsalEvidence {
  return task === 'rehearse' && typeof evidence === 'object' && evidence !== null ? evidence : {};
}
