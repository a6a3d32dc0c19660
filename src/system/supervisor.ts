import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { newId } from '../contract/ids.ts';
import { Meter } from '../health/signals/meter.ts';
import { ledgerTime } from '../ledger/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { refuseUnfinishedRestore } from '../recovery/restore/unfinished.ts';
import { type Channel, RUNS_AVAILABLE } from '../runs/channel.ts';
import { Janitor } from '../runs/janitor.ts';
import { releaseOwner } from '../runs/run-claims.ts';
import { SocketHub } from '../stores/channel/socket-hub.ts';
import { refuseUnfinishedFolder } from './backup/restore-staging.ts';
import { StreamLags } from './backup/stream-lags.ts';
import { superviseBackups } from './backup/supervise-backups.ts';
import type { Bucket } from './bucket-settings.ts';
import { type ChildDeath, KeptChild } from './child-process.ts';
import { ClockWatch } from './clock-watch.ts';
import { checkSharedKey, oneAtATime } from './cluster.ts';
import { type Configuration, isCluster } from './configuration.ts';
import { DataFolderLock, dataFolderAt, prepareDataFolder } from './data-folder.ts';
import { forgetEndpoint, wasListeningOn } from './endpoint-file.ts';
import type { FirstSignIn } from './first-sign-in.ts';
import { prepareInstallation } from './first-start.ts';
import { superviseHealth } from './health.ts';
import { hasLocalKey } from './local-key.ts';
import { NodeHeartbeat } from './node-heartbeat.ts';
import { registerProcess, removeProcess } from './process-table.ts';
import { RepeatedWarnings } from './repeated-warnings.ts';
import { SessionWatch } from './session-watch.ts';
import { requireSharedPlaces } from './shared-places.ts';
import { isShipped, nodeName, openChannel, openLedger, settingsHash } from './shared-stores.ts';
import { noteStarting } from './starting.ts';
import { takeOver } from './take-over.ts';
import { Troubles } from './troubles.ts';

const STOP_GRACE_MS = 8_000;
const MAX_BURIAL_DELAY_MS = 5_000;
/** About a day: by then leases have long done their part, and only the list of processes would gain. */
const MAX_BURIAL_ATTEMPTS = 20_000;

interface Children {
  all: KeptChild[];
  stopping: boolean;
}

export interface SupervisorCallbacks {
  /** Once the data folder is this process's own, and before anything runs in it. */
  onStarting(): void;
  /** Once, when questions can be asked. */
  onReady(state: { url: string | null; firstSignIn: FirstSignIn | null }): void;
  /**
   * A child of a first start cannot start for a reason that a restart does not mend, such as a port in use. Later the
   * same reason is waited out: people rely on what still runs.
   */
  onRefused(message: string): void;
}

/** Holds the data folder, keeps one API process and the workers alive, and says at once when one of them has died. */
export class Supervisor implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #children: Children;
  readonly #stopGraceMs: number;

  private constructor(stack: AsyncDisposableStack, children: Children, leaveDelayMs: number) {
    this.#stack = stack;
    this.#children = children;
    this.#stopGraceMs = STOP_GRACE_MS + leaveDelayMs;
  }

  /** @throws BudaoError data_folder_in_use, data_folder_newer, data_folder_not_writable, restore_unfinished */
  static async start(
    configuration: Configuration,
    environment: NodeJS.ProcessEnv,
    log: Logger,
    callbacks: SupervisorCallbacks,
  ): Promise<Supervisor> {
    await using cleanup = new AsyncDisposableStack();
    const folder = dataFolderAt(configuration.dataDir);
    refuseUnfinishedFolder(folder);
    await prepareDataFolder(folder);
    cleanup.use(DataFolderLock.acquire(folder));
    callbacks.onStarting();
    noteStarting(folder, 'ledger');
    cleanup.defer(() => noteStarting(folder, null));
    const id = newId('process');
    const ledger = cleanup.use(await openLedger(configuration, id, { mayCreate: !hasLocalKey(folder) }));
    await refuseUnfinishedRestore(ledger.read);
    const node = nodeName(configuration);
    const inCluster = isCluster(configuration);
    await takeOver(ledger, folder, { node, isCluster: inCluster });
    cleanup.use(await SocketHub.listen(folder.hubSocket));
    const channel = cleanup.use(await openChannel(configuration, ledger));
    const self = { id, pid: process.pid, role: 'supervisor' as const, node };
    const enter = (): Promise<void> =>
      registerProcess(ledger, { ...self, settingsHash: settingsHash(configuration) });
    await enter();
    cleanup.defer(() => ledger.transaction((tx) => removeProcess(tx, id)));
    cleanup.defer(() => forgetEndpoint(folder));
    noteStarting(folder, 'installation');
    const prepare = (): Promise<FirstSignIn | null> =>
      prepareInstallation({ configuration, folder, ledger, log });
    const keyFile = configuration.stores.secretKeyFile;
    if (inCluster && keyFile !== null) await checkSharedKey(ledger, keyFile);
    const firstSignIn = inCluster
      ? await oneAtATime(ledger, id, async () => {
          await requireSharedPlaces(configuration, ledger);
          return prepare();
        })
      : await prepare();

    const meter = new Meter();
    const troubles = new Troubles(folder, id, log);
    const ready = new FirstReady(rolesOf(configuration));
    noteStarting(folder, 'processes');
    ready.whenReady(() => noteStarting(folder, null));
    const ran = await wasListeningOn(folder, configuration.port);
    const children: Children = { all: [], stopping: false };
    const startOthers = (): void => {
      while (!children.stopping && children.all.length < wanted) keep('worker');
    };
    const roles = rolesOf(configuration);
    const wanted = (roles.includes('api') ? 1 : 0) + (roles.includes('worker') ? configuration.workers : 0);
    const keep = (role: 'api' | 'worker'): void => {
      const child = new KeptChild(role, environment, {
        onReady(url) {
          troubles.over(role);
          ready.note(role, url);
        },
        onRefused(message, isPassing) {
          if (!ran && !ready.announced && !isPassing) return callbacks.onRefused(message);
          troubles.note(role, message);
          if (role === 'api') startOthers();
        },
        onDeath(processId, death) {
          if (death.isUnexpected) meter.count('children_died');
          void bury({ ledger, channel, log }, role, processId, death);
        },
      });
      children.all.push(child);
    };
    // One of each makes the service ready; the other workers start after them, not beside them.
    for (const role of roles) keep(role);
    ready.whenReady(startOthers);
    ready.whenReady((url) => callbacks.onReady({ url, firstSignIn }));
    if (isShipped(configuration)) {
      const shipper = keepShipper({ configuration, environment, meter, log });
      cleanup.defer(() => shipper.stop(STOP_GRACE_MS));
    }
    const warnings = cleanup.use(new RepeatedWarnings(log));
    cleanup.use(new ClockWatch(log, ledgerTime));
    if (inCluster) {
      const onError = (error: unknown): void => warnings.warn(error, {}, 'heartbeat failed');
      cleanup.use(new NodeHeartbeat({ ledger, node, onError }));
      const onDeath = (owner: string, released: number): void =>
        log.warn({ processId: owner, released }, 'a process of another node has died');
      cleanup.use(new SessionWatch({ ledger, channel, onDeath, onError }));
      const { bucket } = configuration.stores.blobs;
      if (bucket !== null) ready.whenReady(() => void reportBucket(bucket, log));
    }
    cleanup.use(
      new Janitor({
        ledger,
        channel,
        ownClock: !inCluster,
        ...(inCluster ? { sharedAs: id } : {}),
        onError: (error) => warnings.warn(error, {}, 'sweep failed'),
      }),
    );
    cleanup.use(
      await superviseHealth({ configuration, ledger, channel, meter, processId: id, warnings, log, enter }),
    );
    if (configuration.backup.repositories.length > 0) {
      cleanup.use(await superviseBackups({ configuration, ledger, channel, meter, processId: id, warnings }));
    }
    return new Supervisor(cleanup.move(), children, configuration.leaveDelayMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#children.stopping = true;
    await Promise.all(this.#children.all.map((child) => child.stop(this.#stopGraceMs)));
    await this.#stack.disposeAsync();
  }
}

/** Ends after the other children, so that what they did last is shipped too. */
function keepShipper({
  configuration,
  environment,
  meter,
  log,
}: {
  configuration: Configuration;
  environment: NodeJS.ProcessEnv;
  meter: Meter;
  log: Logger;
}): KeptChild {
  const lags = new StreamLags(configuration, meter);
  return new KeptChild('shipper', environment, {
    onReady: () => {},
    onStreams: (states) => lags.note(states),
    onRefused: (message) => log.warn({ reason: message }, 'the shipper cannot start'),
    onDeath: (processId, { isUnexpected, ...detail }) =>
      log[isUnexpected ? 'warn' : 'info']({ child: 'shipper', processId, ...detail }, 'process ended'),
  });
}

async function reportBucket(bucket: Bucket, log: Logger): Promise<void> {
  const { reportUnsuitableBucket } = await import('./bucket.ts');
  await reportUnsuitableBucket(bucket, log);
}

/** What this node runs, one of each first. */
function rolesOf({ role }: Configuration): ('api' | 'worker')[] {
  return role === 'all' ? ['api', 'worker'] : [role];
}

/** The node is ready once there is one of each of its roles; later restarts are nobody's news. */
class FirstReady {
  readonly #listeners: ((url: string | null) => void)[] = [];
  readonly #awaited: Set<'api' | 'worker'>;
  #url: string | null = null;
  announced = false;

  constructor(roles: readonly ('api' | 'worker')[]) {
    this.#awaited = new Set(roles);
  }

  whenReady(listener: (url: string | null) => void): void {
    this.#listeners.push(listener);
  }

  note(role: 'api' | 'worker', url: string | undefined): void {
    if (role === 'api') this.#url = url ?? null;
    this.#awaited.delete(role);
    if (this.announced || this.#awaited.size > 0) return;
    this.announced = true;
    for (const listener of this.#listeners) listener(this.#url);
  }
}

/** Gives up what a dead process held, however long the ledger takes to be written again. */
async function bury(
  stores: { ledger: Ledger; channel: Channel; log: Logger },
  role: string,
  processId: string,
  { isUnexpected, ...detail }: ChildDeath,
): Promise<void> {
  const { ledger, channel, log } = stores;
  log[isUnexpected ? 'warn' : 'info']({ child: role, processId, ...detail }, 'process ended');
  for (let attempt = 0; attempt < MAX_BURIAL_ATTEMPTS; attempt++) {
    try {
      const released = await ledger.transaction(async (tx) => {
        await removeProcess(tx, processId);
        return releaseOwner(tx, processId, 'died');
      });
      if (released > 0) channel.publish(RUNS_AVAILABLE, '');
      log.info({ child: role, processId, released }, 'runs released');
      return;
    } catch (error) {
      if (attempt === 0) log.warn({ err: error, processId }, 'release failed: trying again');
      await sleep(Math.min(MAX_BURIAL_DELAY_MS, 100 * 2 ** attempt) * (0.5 + Math.random()), undefined, {
        ref: false,
      });
    }
  }
}
