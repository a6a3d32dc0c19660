import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { BudaoError } from '../contract/errors.ts';
import { announce, HELP } from './announce.ts';
import { type Configuration, ConfigurationError, loadConfiguration } from './configuration.ts';
import { createLog, endAfterLogging } from './log.ts';
import { forgetReady, markReady } from './ready-file.ts';
import { Supervisor } from './supervisor.ts';

/** Tells whoever keeps this process up that starting again would not help. */
const EXIT_REFUSED = 2;
const EXIT_TRY_AGAIN = 1;
/**
 * Troubles at the start that end without anybody changing a setting; a damaged ledger is none of them. Whoever runs a
 * cluster expects a node that restarts amid an outage to join when that is over.
 */
const PASSES_BY_ITSELF: ReadonlySet<string> = new Set([
  'ledger_busy',
  'ledger_crowded',
  'ledger_read_only',
  'ledger_unavailable',
  'shared_bucket_missing',
  'shared_folder_missing',
  'storage_full',
  'storage_refused',
  'storage_unavailable',
]);

await main();

async function main(): Promise<void> {
  const configuration = configure();
  if (configuration === null) return;
  const log = await createLog(configuration, 'supervisor');
  const environment = environmentFor(configuration);
  try {
    const supervisor = await Supervisor.start(configuration, environment, log, {
      onStarting: () => forgetReady(configuration.dataDir),
      onReady(state) {
        markReady(configuration.dataDir);
        announce(configuration, state);
      },
      onRefused: (message) => refuse(message),
    });
    leaveInOrder(supervisor, log, () => forgetReady(configuration.dataDir));
    answerGuard();
  } catch (error) {
    if (!(error instanceof BudaoError)) throw error;
    if (PASSES_BY_ITSELF.has(error.code)) tryAgain(error.message);
    else refuse(error.message);
  }
}

function configure(): Configuration | null {
  try {
    const { values } = parseArgs({
      options: {
        host: { type: 'string' },
        port: { type: 'string' },
        'data-dir': { type: 'string' },
        workers: { type: 'string' },
        role: { type: 'string' },
        config: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) {
      process.stdout.write(HELP);
      return null;
    }
    // Children read the same environment, so that every process has the same settings.
    const overrides: Record<string, string | undefined> = {
      BUDAO_HOST: values.host,
      BUDAO_PORT: values.port,
      BUDAO_DATA_DIR: values['data-dir'],
      BUDAO_WORKERS: values.workers,
      BUDAO_ROLE: values.role,
      BUDAO_CONFIG: values.config,
    };
    for (const [name, value] of Object.entries(overrides)) if (value !== undefined) process.env[name] = value;
    return loadConfiguration(process.env);
  } catch (error) {
    const isUsage = error instanceof TypeError && 'code' in error;
    refuse(error instanceof ConfigurationError || isUsage ? `${error.message}` : String(error));
    return null;
  }
}

function environmentFor(configuration: Configuration): NodeJS.ProcessEnv {
  const { BUDAO_BOOTSTRAP_API_KEY: _, NODE_CHANNEL_FD: __, ...environment } = process.env;
  return { ...environment, BUDAO_DATA_DIR: configuration.dataDir };
}

/** SIGTERM hands running work over; losing the process that keeps this one up ends it at once. */
function leaveInOrder(supervisor: Supervisor, log: Logger, onLeaving: () => void): void {
  let leaving = false;
  const leave = (): void => {
    if (leaving) return;
    leaving = true;
    onLeaving();
    void supervisor[Symbol.asyncDispose]().finally(() => endAfterLogging(log, () => process.exit(0)));
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
  // A closed terminal reaches the whole group, and whoever keeps this process up says what that means.
  process.on('SIGHUP', () => {});
  process.on('disconnect', leave);
  // Lost while everything was being started: nobody tells a second time.
  if (process.connected === false) leave();
}

/** Whoever keeps this process up also asks whether it still works. */
function answerGuard(): void {
  const tell = (type: 'started' | 'pong'): void => void process.send?.({ type }, () => {});
  process.on('message', () => tell('pong'));
  tell('started');
}

function tryAgain(message: string): void {
  process.stderr.write(`budao: ${message}\n`);
  process.exit(EXIT_TRY_AGAIN);
}

function refuse(message: string): void {
  process.stderr.write(`budao: ${message}\n`);
  process.exit(EXIT_REFUSED);
}
