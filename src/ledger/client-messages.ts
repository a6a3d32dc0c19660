import type { ErrorCode } from '../contract/error-codes.ts';
import type { BudaoError } from '../contract/errors.ts';

const TRIED_AGAIN = 'It is tried again by itself; ask again in a moment.';
const FOR_THE_OPERATOR = 'Tell whoever runs this service: its log names the server and what to do there.';

/** The errors of a database server name its address and its words, which are for the log and the command line. */
const FOR_CLIENTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  ledger_unavailable: `The ledger does not answer, so nothing can be stored and only some things can be read. ${TRIED_AGAIN}`,
  ledger_read_only: `The ledger takes no writes now: its database server is a standby, or still recovering. ${TRIED_AGAIN}`,
  ledger_former_primary: `Another database server was promoted, and the ledger is not connected to it yet. ${TRIED_AGAIN}`,
  ledger_crowded: `The ledger's database server takes no more connections. ${TRIED_AGAIN}`,
  ledger_busy: 'The ledger was kept busy by others for too long. Try again in a moment.',
  ledger_login_refused: `The ledger's database server refuses the login. ${FOR_THE_OPERATOR}`,
  ledger_database_missing: `The ledger's database is not there. ${FOR_THE_OPERATOR}`,
  ledger_without_rights: `The ledger's login lacks rights on its database. ${FOR_THE_OPERATOR}`,
  ledger_too_old: `The ledger's database server is too old. ${FOR_THE_OPERATOR}`,
  ledger_corrupt: `The ledger is damaged. ${FOR_THE_OPERATOR}`,
};

/** What may be said to anybody who asks. */
export function messageForClients(error: BudaoError): string {
  return FOR_CLIENTS[error.code] ?? error.message;
}
