import { statfs } from 'node:fs/promises';
import { openAlerts } from '../health/alerts/alert-rows.ts';
import type { HealthCheck } from '../http/foundation/probes.ts';
import { ledgerTime } from '../ledger/clock.ts';
import { IndexRebuilt, requireRepaired } from './backup/index-rebuilt.ts';
import type { ChannelWatch } from './channel-watch.ts';
import type { Stores } from './compose.ts';
import { type Configuration, isCluster } from './configuration.ts';
import { installationModes } from './guards.ts';
import type { OutageReads } from './outage-reads.ts';
import { listProcesses } from './process-table.ts';
import { requireSameSettings } from './same-settings.ts';
import { settingsHash } from './shared-stores.ts';

/** Below this, uploads and answers may soon fail to be stored. */
const MIB = 1024 * 1024;
const LOW_DISK_BYTES = 512 * 1024 * 1024;

/** What `/readyz` looks at: with a ledger and a living worker, questions can be asked. */
export function healthChecks(options: {
  stores: Stores;
  outage: OutageReads;
  channelWatch: ChannelWatch;
  configuration: Configuration;
}): HealthCheck[] {
  const { stores, outage, channelWatch, configuration } = options;
  const { read } = outage.ledger;
  const indexRebuilt = new IndexRebuilt();
  const startedAt = ledgerTime();
  /** One thing is missing then, and not four. */
  const expectLedger = (): void => {
    if (outage.watch.awayMs !== null) throw new Error('not known while the ledger is away');
  };
  return [
    {
      name: 'ledger',
      isRequired: true,
      check: async () => {
        await read.get('SELECT 1 AS one');
        return undefined;
      },
    },
    {
      name: 'workers',
      isRequired: true,
      check: async () => {
        expectLedger();
        const workers = (await listProcesses(read)).filter((entry) => entry.role === 'worker');
        if (workers.length === 0) throw new Error('no worker process is alive');
        return `${workers.length} alive`;
      },
    },
    {
      name: 'index',
      isRequired: true,
      check: async () => {
        if (!indexRebuilt.isKnown) expectLedger();
        return indexRebuilt.check(read);
      },
    },
    {
      name: 'repair',
      isRequired: false,
      isWork: true,
      check: async () => {
        if (outage.watch.awayMs !== null) return undefined;
        return requireRepaired(read, startedAt);
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
        if (outage.watch.awayMs !== null) throw new Error(fromMemory(outage));
        const modes = await installationModes(read, stores.models.generatorNames);
        const said = modes
          .map(({ mode, reason }) => (reason === null ? mode : `${mode} (${reason})`))
          .join(', ');
        if (modes.every(({ mode }) => mode === 'deferred') && modes.length > 0) throw new Error(said);
        return said || 'no worker has reported yet';
      },
    },
    {
      name: 'memory',
      isRequired: false,
      check: async () => {
        const { entries, bytes } = outage.memory.size;
        const { awayMs } = outage.watch;
        if (awayMs !== null && outage.remainingMs === 0) throw new Error(fromMemory(outage));
        const held = `${entries} answers of the ledger in ${Math.ceil(bytes / MIB)} MiB`;
        return `${held}, served for ${Math.round(outage.remainingMs / 1_000)} s ${awayMs === null ? 'without it' : 'more'}`;
      },
    },
    ...(isCluster(configuration)
      ? [
          { name: 'channel', isRequired: false, check: async () => channelWatch.check() },
          {
            name: 'nodes',
            isRequired: false,
            check: async () => {
              expectLedger();
              return requireSameSettings(read, settingsHash(configuration));
            },
          },
        ]
      : []),
    {
      name: 'alerts',
      isRequired: false,
      check: async () => {
        expectLedger();
        const open = await openAlerts(read);
        const said = open.map(({ rule, subject }) => (subject === '' ? rule : `${rule} (${subject})`));
        if (open.some(({ severity }) => severity === 'critical')) throw new Error(said.join(', '));
        return said.join(', ') || 'none';
      },
    },
  ];
}

/** The mode of a process whose ledger is away. */
function fromMemory({ remainingMs }: OutageReads): string {
  if (remainingMs === 0) return 'nothing (the ledger is away, and what was read before is too old)';
  const seconds = Math.round(remainingMs / 1_000);
  return `reading from memory (the ledger is away): for ${seconds} s more; questions and changes are refused`;
}
