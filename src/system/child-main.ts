import type { Logger } from 'pino';
import { BudaoError } from '../contract/errors.ts';
import type { FromChild, ToChild } from './child-process.ts';
import { type Configuration, loadConfiguration } from './configuration.ts';
import { createLog } from './log.ts';

/** What every child process does the same way: answer pings, leave on SIGTERM, die with its supervisor. */
export async function runChild(
  role: string,
  start: (context: { configuration: Configuration; log: Logger; processId: string }) => Promise<{
    url?: string;
    stop: () => Promise<void>;
  }>,
): Promise<void> {
  const configuration = loadConfiguration(process.env);
  const log = createLog(configuration, role);
  process.on('message', (message: ToChild) => {
    if (message.type === 'ping') tellSupervisor({ type: 'pong' });
  });
  // Without its supervisor nobody would notice this process's death, nor start it again.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('uncaughtException', (error) => die(log, error));
  process.on('unhandledRejection', (error) => die(log, error));
  try {
    const { url, stop } = await start({
      configuration,
      log,
      processId: process.env.BUDAO_PROCESS_ID ?? 'proc_alone',
    });
    const leave = (): void => {
      void stop()
        .catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
        .finally(() => process.exit(0));
    };
    process.once('SIGTERM', leave);
    process.on('SIGINT', () => {});
    tellSupervisor({ type: 'ready', ...(url === undefined ? {} : { url }) });
  } catch (error) {
    if (error instanceof BudaoError && error.kind === 'invalid') refuse(error);
    else die(log, error);
  }
}

/** The supervisor prints the reason and ends everything: a restart would not mend it. */
function refuse(error: BudaoError): void {
  tellSupervisor({ type: 'refused', message: error.message }, () => process.exit(1));
}

/** An unknown state is left by dying: runs are taken over, and the supervisor starts a fresh process. */
function die(log: Logger, error: unknown): void {
  log.fatal({ err: error }, 'unexpected error');
  process.exitCode = 1;
  setImmediate(() => process.kill(process.pid, 'SIGKILL'));
}

function tellSupervisor(message: FromChild, whenTold: () => void = () => {}): void {
  process.send?.(message, whenTold);
}
