import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { ROOT } from '../support/service.ts';

const END_DEADLINE_MS = 20_000;

export interface EndedStart {
  /** Null when it did not end by itself. */
  code: number | null;
  output: string;
}

export interface StartOptions {
  dataDir: string;
  environment?: Record<string, string>;
  args?: readonly string[];
  /** Another user of the machine; only root can become it. */
  uid?: number;
}

/** Starts the service where it should refuse to start, and waits for its end. */
export async function startAndWait(options: StartOptions): Promise<EndedStart> {
  const { dataDir, environment = {}, args = [], uid } = options;
  const child = spawn(process.execPath, [join(ROOT, 'scripts/up.mjs'), ...args], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
    env: {
      ...process.env,
      BUDAO_HOST: '127.0.0.1',
      BUDAO_PORT: String(await freePort()),
      BUDAO_DATA_DIR: dataDir,
      BUDAO_SAMPLE: '0',
      BUDAO_LOG_LEVEL: 'warn',
      ...environment,
    },
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await endOf(child);
  return { code, output };
}

async function endOf(child: ChildProcess): Promise<number | null> {
  const timer = setTimeout(() => killTree(child), END_DEADLINE_MS);
  const code = await new Promise<number | null>((resolve) =>
    child.once('close', (status) => resolve(status)),
  );
  clearTimeout(timer);
  return code;
}

function killTree(child: ChildProcess): void {
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
}
