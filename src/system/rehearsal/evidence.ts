/** What a rehearsal writes down. */
import type { CareOutcome } from '../../recovery/care/results.ts';
import type { CheckedName, CheckOutcome } from '../run-doctor.ts';
import type { Answers, Judgement } from './judge.ts';

const MAX_TOLD = 20;
/** What a snapshot brings along; the machine, its ports and its models are those of the rehearsal. */
const OF_THE_CONTENT: ReadonlySet<CheckedName> = new Set([
  'data-folder',
  'ledger',
  'references',
  'documents',
  'derived',
  'index',
  'search',
]);

export interface RehearsalEvidence {
  repository: string;
  snapshotId: string | null;
  /** When the picture was taken: what came later would be lost. */
  takenAt: number | null;
  /** Age of the snapshot when it was needed. */
  rpoMs: number | null;
  /** From nothing to the first question that was answered. */
  rtoMs: number | null;
  /** Its parts: opening the repository, restoring, starting until ready, the first answer. */
  stages: { openMs?: number; restoreMs?: number; startMs?: number; firstAnswerMs?: number };
  restored: { rows: number; documents: number; leftOut: number; bytes: number } | null;
  golden: { name: string; hash: string; questions: number } | null;
  doctor: { errors: number; warnings: number; findings: string[] } | null;
  /** With what was compared: the service beside it, or an earlier rehearsal; and whether both hold the same. */
  baseline: { kind: 'live' | 'earlier'; isSameContent: boolean } | null;
  retrieval: Judgement['retrieval'] | null;
  answers: Judgement['answers'] | null;
  withModels: boolean;
  /** What a later rehearsal compares with. */
  proof: { fingerprint: string; hashes: Record<string, string>; scores: Record<string, number> } | null;
  kept: string | null;
}

export type RehearsalOutcome = Omit<CareOutcome, 'evidence'> & { evidence: RehearsalEvidence };

export function emptyEvidence({
  repository,
  withModels,
}: {
  repository: string | null;
  withModels: boolean;
}): RehearsalEvidence {
  return {
    repository: repository ?? '',
    snapshotId: null,
    takenAt: null,
    rpoMs: null,
    rtoMs: null,
    stages: {},
    restored: null,
    golden: null,
    doctor: null,
    baseline: null,
    retrieval: null,
    answers: null,
    withModels,
    proof: null,
    kept: null,
  };
}

/** Only of the content: what could not be looked at is as bad as what is wrong. */
export function summaryOf(outcomes: readonly CheckOutcome[]): NonNullable<RehearsalEvidence['doctor']> {
  const ofContent = outcomes.filter(({ check }) => OF_THE_CONTENT.has(check));
  const failed = ofContent.filter(({ result }) => result === 'failed' || result === 'unknown');
  return {
    errors: failed.length,
    warnings: ofContent.filter(({ result }) => result === 'warning').length,
    findings: failed.slice(0, MAX_TOLD).map(({ subject, evidence }) => `${subject} ${evidence.en}`.trim()),
  };
}

export function proofOf(
  fingerprint: string,
  { findings, scores }: Answers,
): NonNullable<RehearsalEvidence['proof']> {
  return {
    fingerprint,
    hashes: Object.fromEntries([...findings].map(([id, { hash }]) => [id, hash])),
    scores: Object.fromEntries([...scores].flatMap(([id, score]) => (score === null ? [] : [[id, score]]))),
  };
}
