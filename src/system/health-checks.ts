import { statfs } from 'node:fs/promises';
import { openAlerts } from '../health/alerts/alert-rows.ts';
import type { HealthCheck } from '../http/foundation/probes.ts';
import type { Stores } from './compose.ts';
import { installationModes } from './guards.ts';
import { listProcesses } from './process-table.ts';

/** Below this, uploads and answers may soon fail to be stored. */
const LOW_DISK_BYTES = 512 * 1024 * 1024;

/** What `/readyz` looks at: with a ledger and a living worker, questions can be asked. */
export function healthChecks(stores: Stores): HealthCheck[] {
  return [
    {
      name: 'ledger',
      isRequired: true,
      check: async () => {
        await stores.ledger.read.get('SELECT 1 AS one');
        return undefined;
      },
    },
    {
      name: 'workers',
      isRequired: true,
      check: async () => {
        const workers = (await listProcesses(stores.ledger.read)).filter((entry) => entry.role === 'worker');
        if (workers.length === 0) throw new Error('no worker process is alive');
        return `${workers.length} alive`;
      },
    },
    {
      name: 'disk',
      isRequired: false,
      check: async () => {
        const { bavail, bsize } = await statfs(stores.folder.path);
        const freeBytes = bavail * bsize;
        const free = `${Math.round(freeBytes / 1024 / 1024)} MiB free`;
        if (freeBytes < LOW_DISK_BYTES) throw new Error(`only ${free}`);
        return free;
      },
    },
    {
      name: 'mode',
      isRequired: false,
      check: async () => {
        const modes = await installationModes(stores.ledger.read, stores.models.generatorNames);
        const said = modes
          .map(({ mode, reason }) => (reason === null ? mode : `${mode} (${reason})`))
          .join(', ');
        if (modes.every(({ mode }) => mode === 'deferred') && modes.length > 0) throw new Error(said);
        return said || 'no worker has reported yet';
      },
    },
    {
      name: 'alerts',
      isRequired: false,
      check: async () => {
        const open = await openAlerts(stores.ledger.read);
        const said = open.map(({ rule, subject }) => (subject === '' ? rule : `${rule} (${subject})`));
        if (open.some(({ severity }) => severity === 'critical')) throw new Error(said.join(', '));
        return said.join(', ') || 'none';
      },
    },
  ];
}
