/** What a check is called. Stable: the console and the command line translate by it. */
export type CheckName =
  | 'ledger-integrity'
  | 'blob-missing'
  | 'blob-corrupt'
  | 'blob-unused'
  | 'document-expired'
  | 'document-stuck'
  | 'document-retry'
  | 'derived-missing'
  | 'derived-unused'
  | 'index-corrupt'
  | 'index-missing'
  | 'index-surplus'
  | 'index-orphan'
  | 'search-blind'
  | 'generation-outdated'
  | 'temporary-files'
  | 'check-failed';

export interface Finding {
  check: CheckName;
  /** `error`: something is lost or wrong; `warning`: it can be put right; `notice`: tidying up. */
  severity: 'error' | 'warning' | 'notice';
  /** Id of what it is about. */
  subject: string;
  /** How people call it, where they do. */
  name?: string;
  message: string;
  /** What puts it right: what was done, or what to do. */
  action: string;
  /** Whether the repair has been done or has been submitted as a run. */
  fixed: boolean;
}
