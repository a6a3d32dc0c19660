import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const execute = promisify(execFile);

export interface RunOptions {
  timeoutMs?: number;
  environment?: Readonly<Record<string, string | undefined>>;
  uid?: number;
  gid?: number;
  folder?: string;
}

/** Runs a program to its end. @throws Error with what it printed when it fails */
export async function run(
  program: string,
  args: readonly string[],
  { timeoutMs = 60_000, environment, folder, uid, gid }: RunOptions = {},
): Promise<{ stdout: string; stderr: string }> {
  return execute(program, [...args], {
    timeout: timeoutMs,
    maxBuffer: MAX_OUTPUT_BYTES,
    killSignal: 'SIGKILL',
    ...(environment === undefined ? {} : { env: environment as NodeJS.ProcessEnv }),
    ...(folder === undefined ? {} : { cwd: folder }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
}
