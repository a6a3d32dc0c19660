import type { Trouble, Used } from '../../../recovery/repository/several-repositories.ts';

export const PART_KINDS = ['workspace', 'knowledge_base', 'conversation', 'document'] as const;
export type PartKind = (typeof PART_KINDS)[number];

/** What is to come back out of a snapshot, by its id or its name. */
export interface PartSelector {
  kind: PartKind;
  name: string;
}

/** `back` under its own id; `copy` under a new one, because its own is taken; `there` already, and left alone. */
export type Fate = 'back' | 'copy' | 'there';

export interface PartItem {
  kind: PartKind;
  /** In the snapshot. */
  from: string;
  /** Here. */
  id: string;
  name: string;
  fate: Fate;
  /** Documents of a knowledge base, messages of a conversation. */
  size: number;
}

export interface PartReport {
  snapshot: { id: string; createdAt: number; installationId: string };
  /** Where its manifest is. */
  repositories: string[];
  used: Used[];
  troubles: Trouble[];
  /** Whether the snapshot was taken of this installation, or of the one that it was restored from. */
  isOfAnother: boolean;
  what: { kind: PartKind; id: string; name: string };
  workspace: { id: string; name: string; isNew: boolean };
  /** Knowledge bases and conversations, and single documents where they were asked for; the first ones of many. */
  items: PartItem[];
  itemsNotShown: number;
  documents: Record<Fate, number>;
  conversations: Record<Fate, number>;
  knowledgeBases: Record<Fate, number>;
  /** Contents that have to be copied, and those that are here. */
  blobs: { needed: number; bytes: number; there: number };
  /** Whose things belong to somebody else from now on. */
  people: { from: string; name: string | null; to: string; toName: string; things: number }[];
  /** Contents that are not in the snapshot, and what does not come back by its nature. */
  leftOut: { name: string; reason: string }[];
  /** How long it should take, by what reading the rows of this snapshot took just now. */
  estimatedSeconds: number;
  /** Null for a dry run. */
  tookSeconds: number | null;
}

export interface PartProgress {
  phase: 'reading' | 'content' | 'rows';
  done: number;
  total: number;
  bytes: number;
}
