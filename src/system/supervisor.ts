import type { Logger } from 'pino';
import { newId } from '../contract/ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { RUNS_AVAILABLE } from '../runs/channel.ts';
import { Janitor } from '../runs/janitor.ts';
import { releaseOwner } from '../runs/run-store.ts';
import { SocketChannel } from '../stores/channel/socket-channel.ts';
import { SocketHub } from '../stores/channel/socket-hub.ts';
import { openSqliteLedger } from '../stores/ledger/sqlite-ledger.ts';
import { KeptChild } from './child-process.ts';
import type { Configuration } from './configuration.ts';
import { DataFolderLock, dataFolderAt, prepareDataFolder } from './data-folder.ts';
import type { FirstSignIn } from './first-sign-in.ts';
import { prepareInstallation } from './first-start.ts';
import { endLeftBehind, registerProcess, removeProcess } from './process-table.ts';

const STOP_GRACE_MS = 8_000;

export interface SupervisorCallbacks {
  /** Once, when questions can be asked. */
  onReady(state: { url: string; firstSignIn: FirstSignIn | null }): void;
  /** A child cannot start for a reason that a restart does not mend, such as a port in use. */
  onRefused(message: string): void;
}

/** Holds the data folder, keeps one API process and the workers alive, and says at once when one of them has died. */
export class Supervisor implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #children: { all: KeptChild[]; stopping: boolean };

  private constructor(stack: AsyncDisposableStack, children: { all: KeptChild[]; stopping: boolean }) {
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
    cleanup.use(await SocketHub.listen(folder.hubSocket));
    const channel = cleanup.use(new SocketChannel(folder.hubSocket));
    await takeOver(ledger);
    const id = newId('process');
    await registerProcess(ledger, { id, pid: process.pid, role: 'supervisor' });
    cleanup.defer(() => ledger.transaction((tx) => removeProcess(tx, id)));
    const firstSignIn = await prepareInstallation({ configuration, folder, ledger, log });

    const onDeath = async (role: string, processId: string, detail: object): Promise<void> => {
      const released = await ledger.transaction(async (tx) => {
        await removeProcess(tx, processId);
        return releaseOwner(tx, processId);
      });
      if (released > 0) channel.publish(RUNS_AVAILABLE, '');
      log.info({ child: role, processId, ...detail, released }, 'process ended');
    };
    const ready = new FirstReady();
    ready.whenReady((url) => callbacks.onReady({ url, firstSignIn }));
    const keep = (role: 'api' | 'worker'): KeptChild =>
      new KeptChild(role, environment, {
        onReady: (url) => ready.note(role, url),
        onRefused: (message) => callbacks.onRefused(message),
        onDeath: (processId, detail) =>
          void onDeath(role, processId, detail).catch((error: unknown) =>
            log.error({ err: error }, 'release failed'),
          ),
      });
    // One of each makes the service ready; the other workers start after them, not beside them.
    const children = { all: [keep('api'), keep('worker')], stopping: false };
    ready.whenReady(() => {
      while (!children.stopping && children.all.length < 1 + configuration.workers)
        children.all.push(keep('worker'));
    });
    cleanup.use(
      new Janitor({ ledger, channel, onError: (error) => log.warn({ err: error }, 'sweep failed') }),
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
  #announced = false;

  whenReady(listener: (url: string) => void): void {
    this.#listeners.push(listener);
  }

  note(role: 'api' | 'worker', url: string | undefined): void {
    if (role === 'api') this.#url = url ?? null;
    else this.#hasWorker = true;
    if (this.#announced || this.#url === null || !this.#hasWorker) return;
    this.#announced = true;
    for (const listener of this.#listeners) listener(this.#url);
  }
}

/** The lock is ours, so whoever held runs before is dead or will find itself fenced. */
async function takeOver(ledger: Ledger): Promise<void> {
  await endLeftBehind(ledger.read);
  await ledger.transaction(async (tx) => {
    await tx.run('DELETE FROM process');
    await tx.run(`UPDATE run SET owner = NULL, lease_until = 0 WHERE status = 'running'`);
  });
}
