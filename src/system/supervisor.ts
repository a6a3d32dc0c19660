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
import { registerProcess, removeProcess } from './process-table.ts';

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
  readonly #children: KeptChild[];

  private constructor(stack: AsyncDisposableStack, children: KeptChild[]) {
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
    const ready = whenBothAreUp((url) => callbacks.onReady({ url, firstSignIn }));
    const keep = (role: 'api' | 'worker'): KeptChild =>
      new KeptChild(role, environment, {
        onReady: (url) => ready(role, url),
        onRefused: (message) => callbacks.onRefused(message),
        onDeath: (processId, detail) =>
          void onDeath(role, processId, detail).catch((error: unknown) =>
            log.error({ err: error }, 'release failed'),
          ),
      });
    const children = [keep('api')];
    for (let count = 0; count < configuration.workers; count++) children.push(keep('worker'));
    cleanup.use(
      new Janitor({ ledger, channel, onError: (error) => log.warn({ err: error }, 'sweep failed') }),
    );
    return new Supervisor(cleanup.move(), children);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [api, ...workers] = this.#children;
    await Promise.all([api?.stop(STOP_GRACE_MS), ...workers.map((worker) => worker.stop(STOP_GRACE_MS))]);
    await this.#stack.disposeAsync();
  }
}

/** Questions can be asked once there is an API process and a worker; later restarts are nobody's news. */
function whenBothAreUp(announce: (url: string) => void): (role: 'api' | 'worker', url?: string) => void {
  let address: string | null = null;
  let hasWorker = false;
  let announced = false;
  return (role, url) => {
    if (role === 'api') address = url ?? null;
    else hasWorker = true;
    if (announced || address === null || !hasWorker) return;
    announced = true;
    announce(address);
  };
}

/** The lock is ours, so whoever held runs before is dead or will find itself fenced. */
async function takeOver(ledger: Ledger): Promise<void> {
  await ledger.transaction(async (tx) => {
    await tx.run('DELETE FROM process');
    await tx.run(`UPDATE run SET owner = NULL, lease_until = 0 WHERE status = 'running'`);
  });
}
