import { ANSWER_RUN } from '../../contract/answer.ts';
import { newId } from '../../contract/ids.ts';
import { DependencyWatch } from '../../dependencies/dependency-watch.ts';
import { countRuns } from '../../health/count-answers.ts';
import { Meter } from '../../health/signals/meter.ts';
import { SignalReporter } from '../../health/signals/report-signals.ts';
import { MaintenanceSchedule } from '../../knowledge/doctor/maintain-handler.ts';
import { RunClient } from '../../runs/run-client.ts';
import { RunWorker } from '../../runs/run-worker.ts';
import { ChannelWatch } from '../channel-watch.ts';
import { runChild } from '../child-main.ts';
import { createHandlers, createParser, openStores } from '../compose.ts';
import { modelCallSampler } from '../dependency-signals.ts';
import { listProcesses, offerAnswers, registerProcess, removeProcess } from '../process-table.ts';
import { RepeatedWarnings } from '../repeated-warnings.ts';
import { nodeName, settingsHash } from '../shared-stores.ts';
import { startTelemetry } from '../telemetry.ts';
import { wakeOnRecovery } from '../wake-deferred.ts';
import { warmUp } from '../warm-up.ts';

await runChild('worker', async ({ configuration, log, processId }) => {
  const cleanup = new AsyncDisposableStack();
  const meter = new Meter();
  const onExportError = (err: unknown): void => log.warn({ err }, 'traces were not delivered');
  cleanup.use(await startTelemetry(configuration, { role: 'worker', processId }, onExportError));
  const onChannelState = new ChannelWatch(log).observe;
  const stores = cleanup.use(await openStores(configuration, { processId, meter, onChannelState }));
  const { ledger } = stores;
  stores.dependencies.onRefusal = ({ name }, err) =>
    log.warn({ dependency: name, err }, 'a request was refused');
  const warnings = cleanup.use(new RepeatedWarnings(log));
  void warmUp(stores).catch((err: unknown) => log.warn({ err }, 'warming up failed'));
  const self = { node: nodeName(configuration), settingsHash: settingsHash(configuration) };
  const entry = { ...self, id: processId, pid: process.pid, role: 'worker' as const };
  await registerProcess(ledger, entry);
  cleanup.defer(() => ledger.transaction((tx) => removeProcess(tx, processId)));
  const parserIds = new Map<number, string>();
  const parser = cleanup.use(
    createParser(configuration, {
      onSpawn(pid) {
        const id = newId('process');
        parserIds.set(pid, id);
        void registerProcess(ledger, { ...self, id, pid, role: 'parser' }).catch((err: unknown) =>
          log.warn({ err }, 'not listed'),
        );
      },
      onExit(pid) {
        const id = parserIds.get(pid);
        parserIds.delete(pid);
        if (id === undefined) return;
        void ledger
          .transaction((tx) => removeProcess(tx, id))
          .catch((err: unknown) => log.warn({ err }, 'still listed'));
      },
    }),
  );
  const counts = countRuns(meter);
  const handlers = createHandlers(stores, configuration, parser, meter);
  const slots = handlers.find((handler) => handler.kind === ANSWER_RUN)?.concurrency ?? 0;
  cleanup.use(
    new RunWorker({
      ledger,
      channel: stores.channel,
      owner: processId,
      handlers,
      observer: {
        onClaimed(run) {
          counts.onClaimed(run);
          log.debug({ run: run.id, kind: run.kind, epoch: run.epoch }, 'run claimed');
        },
        onEnded(run, status) {
          counts.onEnded(run, status);
          log.debug({ run: run.id, kind: run.kind, status }, 'run ended');
        },
        onError: (run, err) => warnings.warn(err, { run: run?.id, kind: run?.kind }, 'run failed'),
      },
    }),
  );
  const { channel, dependencies } = stores;
  cleanup.use(
    new SignalReporter({
      ledger,
      meter,
      processId,
      sample: modelCallSampler(dependencies),
      async enter() {
        await registerProcess(ledger, entry);
        await offerAnswers(ledger, processId, slots);
      },
      onError: (err) => warnings.warn(err, {}, 'signals were not reported'),
    }),
  );
  cleanup.defer(wakeOnRecovery(stores, (err) => warnings.warn(err, {}, 'deferred runs were not woken')));
  cleanup.use(
    new DependencyWatch({
      ledger,
      channel,
      dependencies,
      processId,
      role: 'worker',
      onError: (err) =>
        warnings.warn(err, {}, 'what is set by hand could not be read, or what is seen not be told'),
    }),
  );
  await offerAnswers(ledger, processId, slots);
  const runs = new RunClient(channel);
  const supervisor = (await listProcesses(ledger.read)).find((entry) => entry.role === 'supervisor');
  cleanup.use(
    new MaintenanceSchedule({
      ledger,
      startId: supervisor?.id ?? processId,
      announce: (run) => runs.announce(run),
      onError: (err) => warnings.warn(err, {}, 'maintenance was not scheduled'),
    }),
  );
  // The first thing that a worker does when it leaves: nobody counts on it from then on. Nothing waits for it.
  cleanup.defer(() => void offerAnswers(ledger, processId, 0).catch(() => undefined));
  return { stop: () => cleanup.disposeAsync() };
});
