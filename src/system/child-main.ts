import type { Logger } from 'pino';
import { BudaoError } from '../contract/errors.ts';
import type { FromChild, ToChild } from './child-process.ts';
import { type Configuration, loadConfiguration } from './configuration.ts';
import { createLog, endAfterLogging, killSelf } from './log.ts';
import { closeSockets, watchSockets } from './open-sockets.ts';

/** Below the supervisor's own patience; whoever else sends SIGTERM has nobody who would end what hangs. */
const LEAVE_DEADLINE_MS = 7_500;

/** What every child process does the same way: answer pings, leave on SIGTERM, die with its supervisor. */
export async function runChild(
  role: string,
  start: (context: {
    configuration: Configuration;
    log: Logger;
    processId: string;
    /** What is left cannot be relied on: the supervisor starts a fresh process. */
    end: (error: unknown) => void;
  }) => Promise<{
    url?: string;
    stop: () => Promise<void>;
  }>,
): Promise<void> {
  dieWithSupervisor();
  process.on('message', (message: ToChild) => {
    if (message.type === 'ping') tellSupervisor({ type: 'pong' });
  });
  // Ctrl-C and a closed terminal reach the whole group; the supervisor says when to leave.
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => {});
  const configuration = readConfiguration();
  if (configuration === null) return;
  const log = await createLog(configuration, role);
  process.on('uncaughtException', (error) => die(log, error));
  process.on('unhandledRejection', (error) => die(log, error));
  // One that is told to leave while it starts may hold runs already: they are handed over like any others.
  const toldToLeave = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => {
      const deadlineMs = LEAVE_DEADLINE_MS + configuration.leaveDelayMs;
      setTimeout(() => die(log, new Error('stopping took too long')), deadlineMs).unref();
      resolve();
    });
  });
  try {
    const { url, stop } = await start({
      configuration,
      log,
      processId: process.env.BUDAO_PROCESS_ID ?? 'proc_alone',
      end: (error) => die(log, error),
    });
    void toldToLeave.then(() => leave(log, stop));
    tellSupervisor({ type: 'ready', ...(url === undefined ? {} : { url }) });
  } catch (error) {
    if (error instanceof BudaoError && error.kind !== 'internal')
      refuse(error, () => endAfterLogging(log, () => process.exit(1)));
    else die(log, error);
  }
}

/** Without its supervisor nobody would notice this process's death, nor start it again. */
function dieWithSupervisor(): void {
  watchSockets();
  process.on('disconnect', () => {
    closeSockets();
    killSelf();
  });
  // Lost while the modules were being loaded: nobody tells a second time.
  if (process.connected === false) killSelf();
}

/** Null for a file that somebody has spoilt since the supervisor read it. */
function readConfiguration(): Configuration | null {
  try {
    return loadConfiguration(process.env);
  } catch (error) {
    if (!(error instanceof BudaoError)) throw error;
    refuse(error, () => process.exit(1));
    return null;
  }
}

function leave(log: Logger, stop: () => Promise<void>): void {
  void stop()
    .catch((error: unknown) => log.error({ err: error }, 'stopping failed'))
    .finally(() => endAfterLogging(log, () => process.exit(0)));
}

/** The supervisor says the reason, and decides whether to try again. */
function refuse(error: BudaoError, end: () => void): void {
  const isPassing = error.kind === 'unavailable';
  tellSupervisor({ type: 'refused', message: error.message, isPassing }, end);
}

/** An unknown state is left by dying: runs are taken over, and the supervisor starts a fresh process. */
function die(log: Logger, error: unknown): void {
  log.fatal({ err: error }, 'unexpected error');
  endAfterLogging(log, killSelf);
}

export function tellSupervisor(message: FromChild, whenTold: () => void = () => {}): void {
  process.send?.(message, whenTold);
}
