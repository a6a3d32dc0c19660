import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { newId } from '../contract/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Channel, RUNS_AVAILABLE } from '../runs/channel.ts';
import { Janitor } from '../runs/janitor.ts';
import { releaseOwner } from '../runs/run-claims.ts';
import { SocketChannel } from '../stores/channel/socket-channel.ts';
import { SocketHub } from '../stores/channel/socket-hub.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { type ChildDeath, KeptChild } from './child-process.ts';
import { ClockWatch } from './clock-watch.ts';
import type { Configuration } from './configuration.ts';
import { DataFolderLock, dataFolderAt, prepareDataFolder } from './data-folder.ts';
import { forgetEndpoint, wasListeningOn } from './endpoint-file.ts';
import type { FirstSignIn } from './first-sign-in.ts';
import { prepareInstallation } from './first-start.ts';
import { registerProcess, removeProcess } from './process-table.ts';
import { RepeatedWarnings } from './repeated-warnings.ts';
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
  /** Once, when questions can be asked. */
  onReady(state: { url: string; firstSignIn: FirstSignIn | null }): void;
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

  private constructor(stack: AsyncDisposableStack, children: Children) {
    this.#stack = stack;
    this.#children = children;
  }

  /** @throws BudaoError data_folder_in_use, data_folder_newer, data_folder_not_writable */
  static async start(
    configuration: Configuration,
    environment: NodeJS.ProcessEnv,
    log: Logger,
    callbacks: SupervisorCallbacks,
  ): Promise<Supervisor> {
    await using cleanup = new AsyncDisposableStack();
    const folder = dataFolderAt(configuration.dataDir);
    await prepareDataFolder(folder);
    cleanup.use(DataFolderLock.acquire(folder));
    const ledger = cleanup.use(await openSqliteLedger({ path: folder.ledger }));
    await takeOver(ledger, folder);
    cleanup.use(await SocketHub.listen(folder.hubSocket));
    const channel = cleanup.use(new SocketChannel(folder.hubSocket));
    const id = newId('process');
    await registerProcess(ledger, { id, pid: process.pid, role: 'supervisor' });
    cleanup.defer(() => ledger.transaction((tx) => removeProcess(tx, id)));
    cleanup.defer(() => forgetEndpoint(folder));
    const firstSignIn = await prepareInstallation({ configuration, folder, ledger, log });

    const troubles = new Troubles(folder, id, log);
    const ready = new FirstReady();
    const ran = await wasListeningOn(folder, configuration.port);
    const children: Children = { all: [], stopping: false };
    const startOthers = (): void => {
      while (!children.stopping && children.all.length < 1 + configuration.workers) keep('worker');
    };
    const keep = (role: 'api' | 'worker'): void => {
      const child = new KeptChild(role, environment, {
        onReady(url) {
          troubles.over(role);
          ready.note(role, url);
        },
        onRefused(message) {
          if (!ran && !ready.announced) return callbacks.onRefused(message);
          troubles.note(role, message);
          if (role === 'api') startOthers();
        },
        onDeath: (processId, death) => void bury({ ledger, channel, log }, role, processId, death),
      });
      children.all.push(child);
    };
    // One of each makes the service ready; the other workers start after them, not beside them.
    keep('api');
    keep('worker');
    ready.whenReady(startOthers);
    ready.whenReady((url) => callbacks.onReady({ url, firstSignIn }));
    cleanup.use(new ClockWatch(log));
    const warnings = cleanup.use(new RepeatedWarnings(log));
    cleanup.use(
      new Janitor({
        ledger,
        channel,
        ownClock: true,
        onError: (error) => warnings.warn(error, {}, 'sweep failed'),
      }),
    );
    return new Supervisor(cleanup.move(), children);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#children.stopping = true;
    await Promise.all(this.#children.all.map((child) => child.stop(STOP_GRACE_MS)));
    await this.#stack.disposeAsync();
  }
}

/** Questions can be asked once there is an API process and a worker; later restarts are nobody's news. */
class FirstReady {
  readonly #listeners: ((url: string) => void)[] = [];
  #url: string | null = null;
  #hasWorker = false;
  announced = false;

  whenReady(listener: (url: string) => void): void {
    this.#listeners.push(listener);
  }

  note(role: 'api' | 'worker', url: string | undefined): void {
    if (role === 'api') this.#url = url ?? null;
    else this.#hasWorker = true;
    if (this.announced || this.#url === null || !this.#hasWorker) return;
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
