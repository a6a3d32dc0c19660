import { type Logger, pino } from 'pino';
import { traceIds } from '../contract/trace-context.ts';
import type { Configuration } from './configuration.ts';
import { DailyLog } from './daily-log.ts';
import { LogSink } from './log-sink.ts';

const STDERR = 2;
const LAST_WORDS_DEADLINE_MS = 500;

/** JSON lines on stderr; readable ones where a person watches. Secrets and texts of questions are never logged. */
export async function createLog(configuration: Configuration, role: string): Promise<Logger> {
  // Every line that is written on behalf of a trace says so.
  const options = {
    level: configuration.logLevel,
    base: { role, pid: process.pid },
    mixin: () => traceIds(),
  };
  const stderr = new LogSink(STDERR);
  const { folder, days } = configuration.logs;
  const daily = folder === null ? null : new DailyLog(folder, days);
  if (!process.stderr.isTTY)
    return pino(
      options,
      alsoInto(daily, (line) => stderr.write(line), stderr),
    );
  const { prettyFactory } = await import('pino-pretty');
  const format = prettyFactory({ colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' });
  return pino(
    options,
    alsoInto(daily, (line) => stderr.write(format(line)), stderr),
  );
}

/** What a person watches may be formatted; files hold the lines as they are. */
function alsoInto(
  daily: DailyLog | null,
  write: (line: string) => void,
  stderr: LogSink,
): { write(line: string): void } {
  const both = {
    write(line: string): void {
      write(line);
      daily?.write(line);
    },
    flush(whenWritten: () => void): void {
      stderr.flush(() => (daily === null ? whenWritten() : daily.flush(whenWritten)));
    },
  };
  return both;
}

/** Ends the process once its log is written. While nobody reads the log it cannot even exit, and is killed. */
export function endAfterLogging(log: Logger, end: () => void): void {
  setTimeout(killSelf, LAST_WORDS_DEADLINE_MS);
  log.flush(end);
}

export function killSelf(): void {
  process.kill(process.pid, 'SIGKILL');
}
