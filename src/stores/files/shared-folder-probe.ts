/**
 * Whether a folder that other machines share is there and keeps its promises. A mount whose server is gone stops
 * whoever touches it, beyond any time limit: so that happens to a process of its own, which is left behind.
 */
import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAX_OUTPUT_CHARACTERS = 4_000;

export interface SharedFolderProbe {
  isUsable: boolean;
  /** What is wrong, with what to do; empty where nothing is. */
  detail: string;
  tookMs: number;
}

export interface SharedFolderProbeOptions {
  folder: string;
  timeoutMs: number;
  /** How to start Node. */
  command?: readonly string[];
}

export async function probeSharedFolder(options: SharedFolderProbeOptions): Promise<SharedFolderProbe> {
  const { folder, timeoutMs, command = [process.execPath] } = options;
  const began = performance.now();
  const script = fileURLToPath(
    new URL(`./shared-folder-probe-child${extname(import.meta.url)}`, import.meta.url),
  );
  const [program = process.execPath, ...before] = command;
  const child = spawn(program, [...before, script, folder], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const answer = Promise.withResolvers<Omit<SharedFolderProbe, 'tookMs'>>();
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (output.length < MAX_OUTPUT_CHARACTERS) output += chunk.toString('utf8');
  });
  child.once('error', (error) =>
    answer.resolve({ isUsable: false, detail: `No probe could be started: ${error.message}.` }),
  );
  child.once('close', () => answer.resolve(readAnswer(folder, output)));
  const timer = setTimeout(() => {
    // Within a dead mount it does not even die; it must not keep this process alive then.
    if (child.pid !== undefined) killGroup(child.pid);
    child.stdout.destroy();
    child.unref();
    answer.resolve({
      isUsable: false,
      detail: `The shared folder ${folder} does not answer within ${timeoutMs} ms. Check its server, and whether it is mounted.`,
    });
  }, timeoutMs);
  const found = await answer.promise;
  clearTimeout(timer);
  return { ...found, tookMs: Math.round(performance.now() - began) };
}

function readAnswer(folder: string, output: string): Omit<SharedFolderProbe, 'tookMs'> {
  if (output.trim() === 'ok') return { isUsable: true, detail: '' };
  const what = output.trim() === '' ? 'the probe ended without an answer' : output.trim();
  return { isUsable: false, detail: `The shared folder ${folder} cannot be used: ${what}` };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
