import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { createAccess } from '../../access/access.ts';
import { BudaoError } from '../../contract/errors.ts';
import { DependencyWatch } from '../../dependencies/dependency-watch.ts';
import { AlertChannels } from '../../health/alerts/channels.ts';
import { Seal } from '../../health/alerts/seal.ts';
import { rulesFor } from '../../health/settings.ts';
import { Meter } from '../../health/signals/meter.ts';
import { SignalReporter } from '../../health/signals/report-signals.ts';
import { SignalBoard } from '../../health/signals/signal-board.ts';
import { qualityRoutes } from '../../http/evaluation/routes.ts';
import { knowledgeRoutes } from '../../http/knowledge/knowledge-routes.ts';
import { alertChannelRoutes } from '../../http/operations/alert-channel-routes.ts';
import { alertRoutes } from '../../http/operations/alert-routes.ts';
import { backupRoutes } from '../../http/operations/backup-routes.ts';
import { dependencyRoutes } from '../../http/operations/dependency-routes.ts';
import { signalRoutes } from '../../http/operations/signal-routes.ts';
import { createHttpServer } from '../../http/server.ts';
import { RunClient } from '../../runs/run-client.ts';
import { RunFeeds } from '../../runs/run-feed.ts';
import { createBackupOffice } from '../backup/backup-office.ts';
import { ChannelWatch } from '../channel-watch.ts';
import { runChild } from '../child-main.ts';
import { openStores } from '../compose.ts';
import { isCluster } from '../configuration.ts';
import { forgetEndpoint, rememberEndpoint } from '../endpoint-file.ts';
import { installationModes } from '../guards.ts';
import { healthChecks } from '../health-checks.ts';
import { OutageReads } from '../outage-reads.ts';
import { describePortHolder } from '../port-holder.ts';
import { describeProcesses } from '../process-states.ts';
import { readCapacity, registerProcess, removeProcess } from '../process-table.ts';
import { RepeatedWarnings } from '../repeated-warnings.ts';
import { nodeName, openSecrets, settingsHash } from '../shared-stores.ts';
import { startTelemetry } from '../telemetry.ts';
import { VERSION } from '../version.ts';
import { warmUp } from '../warm-up.ts';

const CONSOLE_FOLDER = fileURLToPath(new URL('../../../console/dist', import.meta.url));

await runChild('api', async ({ configuration, log, processId }) => {
  const cleanup = new AsyncDisposableStack();
  const startedAt = Date.now();
  const meter = new Meter();
  const onExportError = (err: unknown): void => log.warn({ err }, 'traces were not delivered');
  cleanup.use(await startTelemetry(configuration, { role: 'api', processId }, onExportError));
  const channelWatch = new ChannelWatch(log);
  const onChannelState = channelWatch.observe;
  const stores = cleanup.use(await openStores(configuration, { processId, meter, onChannelState }));
  const { channel, embedder, models } = stores;
  const warnings = cleanup.use(new RepeatedWarnings(log));
  const outage = cleanup.use(
    new OutageReads({
      ledger: stores.ledger,
      channel,
      settings: configuration.outage,
      onError: (err) => warnings.warn(err, {}, 'what an outage needs was not read'),
    }),
  );
  const { ledger, reads } = outage;
  const feeds = cleanup.use(new RunFeeds({ ledger, channel }));
  const runs = new RunClient(channel);
  cleanup.use(
    new DependencyWatch({
      ledger,
      channel,
      dependencies: stores.dependencies,
      processId,
      role: 'api',
      onError: (err) =>
        log.warn({ err }, 'what is set by hand could not be read, or what is seen not be told'),
    }),
  );
  const secrets = openSecrets(configuration);
  const onError = (err: unknown): void => warnings.warn(err, {}, 'signals were not read or reported');
  const board = cleanup.use(new SignalBoard({ ledger, onError }));
  const app = await createHttpServer({
    version: VERSION,
    logger: log,
    ledger: reads,
    feeds,
    outage: outage.watch,
    streamPatienceMs: configuration.outage.streamPatienceMs,
    runs,
    generatorNames: models.generatorNames,
    embedder,
    checks: healthChecks({ stores, outage, channelWatch, configuration }),
    metrics: new Registry(),
    meter,
    capacity: () => readCapacity(ledger.read),
    access: await createAccess({ ledger: reads, secrets }),
    routes: [
      dependencyRoutes({
        ledger,
        channel,
        dependencies: stores.dependencies,
        modelNames: models.generatorNames,
        modes: (allowed) => installationModes(ledger.read, models.generatorNames, allowed),
      }),
      signalRoutes({ board }),
      alertRoutes({ ledger, rules: rulesFor(configuration.health.alerts) }),
      qualityRoutes({ ledger, runs }),
      alertChannelRoutes({ ledger, runs, channels: new AlertChannels(ledger, new Seal(secrets)) }),
      backupRoutes({ ledger, runs, office: createBackupOffice(configuration, ledger) }),
      knowledgeRoutes({
        ledger: reads,
        runs,
        blobs: stores.blobs,
        derived: stores.derived,
        retriever: stores.retrieverOver(reads),
        embedder,
        maxUploadBytes: configuration.limits.maxUploadBytes,
      }),
    ],
    trustedProxies: configuration.server.trustedProxies,
    consoleFolder: existsSync(CONSOLE_FOLDER) ? CONSOLE_FOLDER : null,
    status: async () => ({
      startedAt,
      mode: (await installationModes(ledger.read, models.generatorNames))[0]?.mode ?? 'unknown',
      processes: await describeProcesses(ledger.read, isCluster(configuration)),
    }),
  });
  cleanup.defer(async () => app.close());
  await app
    .listen({ host: configuration.host, port: configuration.port })
    .catch((error: NodeJS.ErrnoException) => {
      throw portError(error, configuration.host, configuration.port);
    });
  void warmUp(stores).catch((err: unknown) => log.warn({ err }, 'warming up failed'));
  const enter = (): Promise<void> =>
    registerProcess(ledger, {
      id: processId,
      pid: process.pid,
      role: 'api',
      node: nodeName(configuration),
      settingsHash: settingsHash(configuration),
    });
  await enter();
  cleanup.defer(() => ledger.transaction((tx) => removeProcess(tx, processId)));
  cleanup.use(new SignalReporter({ ledger, meter, processId, enter, onError }));
  const url = urlOf(app.server.address() as AddressInfo);
  // Tools on this machine look there; a full disk must not keep people from reading.
  await rememberEndpoint(stores.folder, url).catch((err: unknown) =>
    log.warn({ err }, 'address not written'),
  );
  cleanup.defer(() => forgetEndpoint(stores.folder));
  const stop = async (): Promise<void> => {
    await app.leave(configuration.leaveDelayMs);
    await cleanup.disposeAsync();
  };
  return { url, stop };
});

function urlOf({ address, family, port }: AddressInfo): string {
  const isEveryone = address === '0.0.0.0' || address === '::';
  const host = isEveryone ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}

function portError(error: NodeJS.ErrnoException, host: string, port: number): unknown {
  const message = {
    EADDRINUSE: `Port ${port} on ${host} is in use by ${describePortHolder(port)}. Stop that program, or choose another port with --port.`,
    EACCES: `Port ${port} needs more rights than this user has. Choose one above 1023 with --port.`,
    EADDRNOTAVAIL: `This machine has no address ${host}. Choose another one with --host.`,
    ENOTFOUND: `The name ${host} has no address. Choose another one with --host.`,
  }[error.code ?? ''];
  return message === undefined
    ? error
    : new BudaoError('invalid', 'cannot_listen', message, { cause: error });
}
