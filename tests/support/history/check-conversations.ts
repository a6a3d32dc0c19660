import { byStart, grouped, type History, type OperationOf, type Violation } from './history.ts';

type Ask = OperationOf<'ask'>;
type Listing = OperationOf<'items'>;

/** A conversation only grows at its end: nothing that was acknowledged is missing, doubled, or in another order. */
export function checkConversations(history: History): Violation[] {
  const asks = grouped(history.of('ask'), (ask) => ask.conversationId);
  const listings = grouped(history.of('items'), (listing) => listing.conversationId);
  const violations = checkIds(history.of('ask'));
  for (const [id, own] of listings) {
    violations.push(...checkGrowth(id, own.toSorted(byStart)));
    for (const listing of own) violations.push(...checkListing(id, listing, asks.get(id) ?? []));
  }
  return violations;
}

/** One question has one answer, and no two questions have the same. */
function checkIds(asks: readonly Ask[]): Violation[] {
  const acknowledged = asks.filter((ask) => ask.responseId !== null);
  return [...grouped(acknowledged, (ask) => String(ask.responseId))]
    .filter(([, same]) => same.length > 1)
    .map(([id, same]) => ({
      rule: 'one answer for two questions',
      detail: `${id}: ${same.map((ask) => ask.question).join(', ')}`,
    }));
}

/** Who looks after somebody has looked finds all that was there, and what is new behind it. */
function checkGrowth(id: string, listings: readonly Listing[]): Violation[] {
  const violations: Violation[] = [];
  const ended = listings.toSorted((left, right) => left.endedMs - right.endedMs);
  let [next, known]: [number, readonly string[]] = [0, []];
  for (const listing of listings) {
    for (; (ended[next]?.endedMs ?? Infinity) < listing.startedMs; next++) {
      const ids = ended[next]?.items.map((item) => item.id) ?? [];
      if (ids.length > known.length) known = ids;
    }
    const seen = listing.items.map((item) => item.id);
    if (seen.length < known.length) {
      violations.push({
        rule: 'read went back',
        detail: `${id}: ${seen.length} items after ${known.length}`,
      });
    }
    const at = known.findIndex((item, index) => index < seen.length && seen[index] !== item);
    if (at >= 0) {
      violations.push({ rule: 'items out of order', detail: `${id}: ${seen[at]} where ${known[at]} was` });
    }
  }
  return violations;
}

function checkListing(id: string, listing: Listing, asks: readonly Ask[]): Violation[] {
  const violations: Violation[] = [];
  const questions = listing.items.filter((item) => item.role === 'user').map((item) => item.text);
  const doubledIds = new Set(listing.items.map((item) => item.id)).size < listing.items.length;
  if (doubledIds) violations.push({ rule: 'item doubled', detail: id });
  const positions = new Map<Ask, number>();
  for (const ask of asks) {
    const found = questions.filter((text) => text === ask.question).length;
    const isDue = ask.responseId !== null && ask.endedMs < listing.startedMs;
    if (found > 1) violations.push({ rule: 'question doubled', detail: `${id}: ${ask.question}` });
    if (found === 0 && isDue) violations.push({ rule: 'question lost', detail: `${id}: ${ask.question}` });
    if (found > 0) positions.set(ask, questions.indexOf(ask.question));
  }
  const placed = [...positions].sort(([left], [right]) => byStart(left, right));
  for (const [index, [later, laterAt]] of placed.entries()) {
    const wrong = placed.slice(0, index).find(([ask, at]) => ask.endedMs < later.startedMs && at > laterAt);
    if (wrong === undefined) continue;
    const detail = `${id}: ${later.question} stands before ${wrong[0].question}`;
    violations.push({ rule: 'items out of order', detail });
  }
  return violations;
}
