import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Configuration } from './configuration.ts';

/** JSON lines on stderr; readable ones where a person watches. Secrets and texts of questions are never logged. */
export function createLog(configuration: Configuration, role: string): Logger {
  const options = { level: configuration.logLevel, base: { role, pid: process.pid } };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(
    options,
    pretty({ destination: 2, sync: true, colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }),
  );
}
