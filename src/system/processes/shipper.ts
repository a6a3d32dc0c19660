// The process that sends what changes in the embedded ledger to the repositories. It is in nobody's way: it takes no locks
// that writers wait for, and gives the processor up to whoever answers questions.

import { setPriority } from 'node:os';
import { startShipper } from '../backup/ship-changes.ts';
import { runChild, tellSupervisor } from '../child-main.ts';

const LESS_URGENT = 5;

setPriority(LESS_URGENT);
await runChild('shipper', ({ configuration, log, end }) =>
  startShipper(configuration, {
    onStates: (states) => tellSupervisor({ type: 'streams', states }),
    onNews: (details, message) => log.warn(details, message),
    onBroken: end,
  }),
);
