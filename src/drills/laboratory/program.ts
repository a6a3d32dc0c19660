/** The program under drill, as a person starts it: in processes of its own, with an environment of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../commands.ts';
import { MARK_VARIABLE } from '../undo/processes.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const COMMAND_DEADLINE_MS = 180_000;

export type Environment = Readonly<Record<string, string>>;

/** Nothing of the operator's own environment reaches the laboratory: no setting of the live installation. */
export function laboratoryEnvironment(mark: string, more: Environment): Environment {
  return { PATH, LANG: 'C.UTF-8', HOME: '/nonexistent', [MARK_VARIABLE]: mark, ...more };
}

/** In a process group of its own. */
export function startProgram(
  command: readonly string[],
  options: { environment: Environment; folder: string; onOutput: (text: string) => void },
): ChildProcess {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: options.folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.environment,
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => options.onOutput(chunk.toString()));
  child.on('error', (error) => options.onOutput(String(error)));
  return child;
}

export const UP = [process.execPath, join(ROOT, 'scripts/up.mjs')] as const;

/** @returns what the command line printed as JSON. @throws Error with what it said */
export async function budao<Result>(
  args: readonly string[],
  environment: Environment,
  prefix: readonly string[] = [],
): Promise<Result> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const main = fileURLToPath(new URL(`../../cli/main.${extension}`, import.meta.url));
  const words = [
    ...prefix,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    main,
    ...args,
    '--json',
    '--lang',
    'en',
  ];
  const [program = '', ...rest] = words;
  const { stdout } = await run(program, rest, { environment, timeoutMs: COMMAND_DEADLINE_MS }).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`budao ${args.join(' ')} failed: ${error.stderr ?? ''}${error.stdout ?? ''}`, {
        cause: error,
      });
    },
  );
  return (stdout.trim() === '' ? null : JSON.parse(stdout)) as Result;
}
