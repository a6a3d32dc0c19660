/** In which mode an answer would be given now, as those see it who give answers. */
import type { AnswerMode, DegradedSearch, LesserMode, ModeReasonCode } from '../contract/answer.ts';
import { decideMode, EVERY_MODE } from './modes.ts';
import type { EndpointHealth } from './ports.ts';

/** What one process knows. */
export interface ModeView {
  /** Configured endpoints in order of preference. */
  endpoints: readonly EndpointHealth[];
  /** Null where none is configured. */
  embedder: { isUsable: boolean; reason: string } | null;
  index: { isUsable: boolean; reason: string };
  /** When the last thing changed that makes it so; milliseconds since 1970. */
  changedAt: number;
}

export interface CurrentMode {
  mode: AnswerMode;
  reason: string | null;
  code: ModeReasonCode | null;
  /** When the first of the processes came to see it so; milliseconds since 1970. */
  since: number;
}

/** Processes may see it differently for a moment: the first is the mode that most of them would answer in. */
export function currentModes(
  views: readonly ModeView[],
  allowed: ReadonlySet<LesserMode> = EVERY_MODE,
): (CurrentMode & { processes: number })[] {
  const modes = new Map<AnswerMode, CurrentMode & { processes: number }>();
  for (const view of views) {
    const { mode, reason } = decideMode({ endpoints: view.endpoints, search: searchOf(view) }, allowed);
    const known = modes.get(mode);
    const since = view.changedAt;
    if (known !== undefined) {
      known.processes++;
      known.since = Math.min(known.since, since);
    } else {
      const { reason: text = null, code = null } = reason ?? {};
      modes.set(mode, { mode, reason: text, code, since, processes: 1 });
    }
  }
  return [...modes.values()].sort((left, right) => right.processes - left.processes);
}

function searchOf({ embedder, index }: ModeView): DegradedSearch | null {
  if (!index.isUsable) return { mode: 'no-knowledge', reason: index.reason, code: 'index_away' };
  if (embedder === null || embedder.isUsable) return null;
  return { mode: 'keyword-only', reason: embedder.reason, code: 'embedder_away' };
}
