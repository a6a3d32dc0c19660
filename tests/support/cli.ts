/** The built command line as a user runs it, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './service.ts';

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  environment?: Record<string, string>;
  /** What comes on stdin. */
  input?: string;
  /** Called with all of stdout so far. */
  onOutput?: (stdout: string, child: ChildProcess) => void;
  onStart?: (child: ChildProcess) => void;
  /** For commands that take longer than others. */
  deadlineMs?: number;
}

const DEADLINE_MS = 60_000;

/** Nothing of the tester's own environment decides what is found or in which language it is said. */
export async function budao(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { PATH: path = '', HOME: home = '' } = process.env;
  const child = spawn(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args], {
    cwd: ROOT,
    stdio: 'pipe',
    env: { PATH: path, HOME: home, LANG: 'C.UTF-8', ...options.environment },
    timeout: options.deadlineMs ?? DEADLINE_MS,
  });
  options.onStart?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    options.onOutput?.(stdout, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}
