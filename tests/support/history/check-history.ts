import { checkAnswers } from './check-answers.ts';
import { checkConversations } from './check-conversations.ts';
import { checkDocuments } from './check-documents.ts';
import { answerText, checkLedger, type LedgerState } from './check-ledger.ts';
import { checkRegisters } from './check-registers.ts';
import { checkStreams } from './check-streams.ts';
import { grouped, type History, type Violation } from './history.ts';

/**
 * Whether everything that clients saw fits a service that loses nothing, doubles nothing and never goes back.
 *
 * @param options.expected what every answer is in the end; null where that is not known
 * @param options.ledger what it holds when everything is over; null where nobody can look
 */
export function checkHistory(
  history: History,
  options: { expected: string | null; ledger: LedgerState | null },
): Violation[] {
  const { expected, ledger } = options;
  return [
    ...checkStreams(history),
    ...checkAnswers(history, expected),
    ...checkConversations(history),
    ...checkDocuments(history),
    ...checkRegisters(history),
    ...(ledger === null ? [] : [...checkLedger(history, ledger), ...checkStored(history, ledger)]),
  ];
}

/** What readers saw of an answer is what its log says. */
function checkStored(history: History, ledger: LedgerState): Violation[] {
  const rows = grouped(ledger.events, (row) => row.run_id);
  return [...grouped(history.events, (event) => event.reader)].flatMap(([reader, events]) => {
    const responseId = events[0]?.responseId ?? '';
    const seen = events.map((event) => event.text ?? '').join('');
    const stored = rows.get(responseId);
    if (stored === undefined || answerText(stored).startsWith(seen)) return [];
    return [{ rule: 'shown but not stored', detail: `${responseId} as ${reader} saw it` }];
  });
}

/** For people: how many of each kind, and the first few of them. */
export function describeViolations(violations: readonly Violation[]): string {
  return [...grouped(violations, (violation) => violation.rule)]
    .map(([rule, own]) => {
      const first = own.slice(0, 3).map((violation) => `  ${violation.detail}`);
      return [`${rule}: ${own.length}`, ...first].join('\n');
    })
    .join('\n');
}
