/** What the processes of a node do about their own health, put together. */
import { BudaoError } from '../contract/errors.ts';
import { newId } from '../contract/ids.ts';
import { readReports } from '../dependencies/reports.ts';
import { AlertWatch } from '../health/alerts/alert-watch.ts';
import type { AlertChannel } from '../health/alerts/channels.ts';
import type { Notice } from '../health/alerts/notice.ts';
import { createNotifyHandler, sendNotice } from '../health/alerts/notify.ts';
import { Seal } from '../health/alerts/seal.ts';
import { Canary } from '../health/canary/canary.ts';
import { rulesFor } from '../health/settings.ts';
import { MachineGauges } from '../health/signals/measure-machine.ts';
import type { Meter } from '../health/signals/meter.ts';
import { SignalReporter } from '../health/signals/report-signals.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Channel } from '../runs/channel.ts';
import type { RunHandler } from '../runs/run.ts';
import { RunClient } from '../runs/run-client.ts';
import { RunWorker } from '../runs/run-worker.ts';
import { evaluateByItself, measureEvaluations } from './automatic-evaluations.ts';
import { measureArchive } from './backup/archive-state.ts';
import { canaryKey, goldenProbe } from './canary-question.ts';
import { type Configuration, isCluster } from './configuration.ts';
import { CopyWatch } from './copy-watch.ts';
import { dataFolderAt } from './data-folder.ts';
import { readEndpoint } from './endpoint-file.ts';
import { installationModes } from './guards.ts';
import { listProcesses } from './process-table.ts';
import type { RepeatedWarnings } from './repeated-warnings.ts';
import { openSecrets } from './shared-stores.ts';

/** A receiver that hangs must not keep the others waiting. */
const DIRECT_TIMEOUT_MS = 30_000;

export interface SupervisorHealth {
  configuration: Configuration;
  ledger: Ledger;
  channel: Channel;
  meter: Meter;
  processId: string;
  warnings: RepeatedWarnings;
  log: { warn(details: object, message: string): void };
  /** Enters the supervisor into the table of processes again, should it have been forgotten there. */
  enter: () => Promise<void>;
}

/**
 * The supervisor measures its machine, and competes for the duty to look after the alerts of the installation. It tells
 * people by itself, so that alerts go out when no worker is left.
 */
export async function superviseHealth(options: SupervisorHealth): Promise<AsyncDisposable> {
  await using cleanup = new AsyncDisposableStack();
  const { configuration, ledger, channel, meter, processId, warnings, log } = options;
  const folder = dataFolderAt(configuration.dataDir);
  const machine = new MachineGauges(folder.path);
  if (configuration.role !== 'api') meter.gauge('workers_configured', configuration.workers);
  cleanup.use(
    new SignalReporter({
      ledger,
      meter,
      processId,
      sample: () => machine.measure(meter),
      enter: options.enter,
      onError: (error) => warnings.warn(error, {}, 'signals were not reported'),
    }),
  );
  const { alerts } = configuration.health;
  if (!alerts.enabled) return cleanup.move();
  const seal = new Seal(openSecrets(configuration));
  const runs = new RunClient(channel);
  const copies = isCluster(configuration) ? new CopyWatch() : null;
  cleanup.use(
    new RunWorker({
      ledger,
      channel,
      owner: processId,
      handlers: [createNotifyHandler({ ledger, seal }) as RunHandler<never>],
      observer: {
        onError: (run, error) => warnings.warn(error, { run: run?.id, kind: run?.kind }, 'telling failed'),
      },
    }),
  );
  const watch = cleanup.use(
    new AlertWatch({
      ledger,
      meter,
      owner: processId,
      rules: rulesFor(alerts),
      timing: alerts,
      announce: (run) => runs.announce(run),
      sendDirectly: (channels, notice) => sendDirectly(channels, notice, seal),
      measure: (into) => measureInstallation(ledger, configuration, copies, into),
      onError: (error) => warnings.warn(error, {}, 'alerts were not looked after'),
      onTransition: (alert) => log.warn(alert, 'alert'),
    }),
  );
  cleanup.use(createCanary(options, () => watch.hasDuty));
  if (configuration.health.evaluation.automatic) {
    cleanup.use(evaluateByItself(options, runs, () => watch.hasDuty));
  }
  return cleanup.move();
}

/** What one process measures for all of them. */
async function measureInstallation(
  ledger: Ledger,
  configuration: Configuration,
  copies: CopyWatch | null,
  meter: Meter,
): Promise<void> {
  await measureDependencies(ledger, configuration, meter);
  await measureEvaluations(ledger, meter);
  if (copies === null) return;
  await copies.measure(ledger.read, meter);
  await measureArchive(ledger.read, meter);
  const hashes = (await listProcesses(ledger.read)).flatMap(({ settingsHash }) => settingsHash ?? []);
  meter.gauge('settings_variants', new Set(hashes).size);
}

/** What the workers see of what they depend on, and in which mode they would answer. */
async function measureDependencies(
  ledger: Ledger,
  configuration: Configuration,
  meter: Meter,
): Promise<void> {
  const reports = await readReports(ledger.read, ledgerTime());
  meter.clear('breaker_open');
  for (const { states } of reports) {
    for (const { name, isUsable, forced } of states) {
      // What somebody has switched off by hand is no news to them.
      if (forced === 'auto') {
        const worst = Math.max(meter.gauges.get('breaker_open')?.get(name) ?? 0, isUsable ? 0 : 1);
        meter.gauge('breaker_open', worst, name);
      }
    }
  }
  const names = configuration.models.map(({ name, model }) => name ?? model);
  const [current] = await installationModes(ledger.read, names);
  meter.clear('mode_degraded');
  if (current === undefined) return;
  const isChosen = current.code === null || current.code === 'no_model_configured';
  meter.gauge('mode_degraded', current.mode === 'full' || isChosen ? 0 : 1, current.mode);
}

async function sendDirectly(channels: readonly AlertChannel[], notice: Notice, seal: Seal): Promise<void> {
  const signal = AbortSignal.timeout(DIRECT_TIMEOUT_MS);
  const wanted = channels.filter((channel) => !channel.disabled);
  const sent = await Promise.allSettled(
    wanted.map((channel) => sendNotice({ channel, notice, seal, id: newId('alert'), signal })),
  );
  const failed = sent.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined && failed.reason instanceof BudaoError) throw failed.reason;
}

function createCanary(
  { configuration, ledger, meter, warnings }: SupervisorHealth,
  isOnDuty: () => boolean,
): Disposable {
  const { canary } = configuration.health;
  const folder = dataFolderAt(configuration.dataDir);
  return new Canary({
    address: async () => canary.url ?? (await readEndpoint(folder)),
    apiKey: () => canaryKey(ledger, openSecrets(configuration)),
    probe: async () => (canary.enabled === false ? null : goldenProbe(ledger, canary)),
    isOnDuty,
    meter,
    intervalMs: canary.intervalSeconds * 1_000,
    timeoutMs: canary.timeoutSeconds * 1_000,
    minScore: canary.minScore,
    onFailure: (error) => warnings.warn(error, {}, 'the golden question was not answered'),
  });
}
