import type { Meter } from '../../health/signals/meter.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { CareWatch } from '../../recovery/care/care-watch.ts';
import type { Channel } from '../../runs/channel.ts';
import { RunClient } from '../../runs/run-client.ts';
import type { Configuration } from '../configuration.ts';
import { installationId } from '../installation-id.ts';
import { rehearsalFolder } from '../rehearsal/rehearse.ts';
import { removeAbandoned } from '../rehearsal/sandbox.ts';
import type { RepeatedWarnings } from '../repeated-warnings.ts';
import { type CareState, careState } from './care-state.ts';

const TIDY_INTERVAL_MS = 15_000;

/** Supervisors compete for the duty to look after the schedules of the installation. */
export async function superviseBackups(options: {
  configuration: Configuration;
  ledger: Ledger;
  channel: Channel;
  meter: Meter;
  processId: string;
  warnings: RepeatedWarnings;
}): Promise<AsyncDisposable> {
  const { configuration, ledger, channel, meter, processId, warnings } = options;
  const { repositories, schedules, keyFile } = configuration.backup;
  const runs = new RunClient(channel);
  const id = await installationId(ledger);
  await using cleanup = new AsyncDisposableStack();
  const tidying = setInterval(() => {
    const onError = (error: unknown): void => warnings.warn(error, {}, 'a rehearsal was not tidied up');
    void removeAbandoned(rehearsalFolder(configuration)).catch(onError);
  }, TIDY_INTERVAL_MS);
  tidying.unref();
  cleanup.defer(() => clearInterval(tidying));
  cleanup.use(
    new CareWatch({
      ledger,
      owner: processId,
      installationId: id,
      configured: schedules,
      repositories: repositories.map(({ name }) => name),
      hasKey: keyFile !== null,
      announce: (run) => runs.announce(run),
      async onLook(sql) {
        forgetGauges(meter);
        if (sql === null) return;
        const now = ledgerTime();
        gaugeCare(meter, await careState(sql, configuration.backup, { installationId: id, now }), now);
      },
      onError: (error) => warnings.warn(error, {}, 'the schedules of backups were not looked after'),
    }),
  );
  return cleanup.move();
}

function forgetGauges(meter: Meter): void {
  const names = [
    'backup_age_seconds',
    'backup_overdue_seconds',
    'backup_failed',
    'backup_inconclusive',
  ] as const;
  for (const name of names) meter.clear(name);
}

function gaugeCare(meter: Meter, { tasks, newestSnapshots }: CareState, now: number): void {
  for (const { repository, at } of newestSnapshots)
    if (at !== null) meter.gauge('backup_age_seconds', Math.max(0, now - at) / 1_000, repository);
  for (const { task, latest, overdueMs, obstacle } of tasks) {
    if (obstacle === 'no_repository') continue;
    // Whoever gives the service no key has chosen to rehearse by hand.
    if (obstacle === null) meter.gauge('backup_overdue_seconds', overdueMs / 1_000, task);
    for (const { repository, verdict } of latest) {
      meter.gauge('backup_failed', verdict === 'fail' ? 1 : 0, `${task} ${repository}`);
      meter.gauge('backup_inconclusive', verdict === 'inconclusive' ? 1 : 0, `${task} ${repository}`);
    }
  }
}
