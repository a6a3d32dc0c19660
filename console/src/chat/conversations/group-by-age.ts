import type { Conversation } from '../../api/types.ts';
import { toDate } from '../../i18n/format.ts';

export const AGE_GROUPS = ['today', 'yesterday', 'week', 'earlier'] as const;
export type AgeGroup = (typeof AGE_GROUPS)[number];

const dayMs = 86_400_000;

/** Sorts conversations into groups by calendar day, keeping their order. */
export function groupByAge(
  conversations: readonly Conversation[],
  now: Date,
): { group: AgeGroup; conversations: Conversation[] }[] {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const groups = new Map<AgeGroup, Conversation[]>(AGE_GROUPS.map((group) => [group, []]));
  for (const conversation of conversations) {
    const time = toDate(conversation.updated_at ?? conversation.created_at).getTime();
    const group =
      time >= midnight
        ? 'today'
        : time >= midnight - dayMs
          ? 'yesterday'
          : time >= midnight - 7 * dayMs
            ? 'week'
            : 'earlier';
    groups.get(group)?.push(conversation);
  }
  return [...groups]
    .filter(([, list]) => list.length > 0)
    .map(([group, list]) => ({ group, conversations: list }));
}
