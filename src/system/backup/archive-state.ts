/** How far the archive of a database server is, in the words of streams; it is its own, and only watched here. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Meter } from '../../health/signals/meter.ts';
import type { Sql } from '../../ledger/ledger.ts';
import type { StreamState } from '../../recovery/stream/stream-state.ts';
import { type ArchiveState, readArchiveState } from '../../stores/ledger/postgres-archive.ts';

const NAME = 'postgres-archive';
const CHECK_TIMEOUT_MS = 120_000;

const run = promisify(execFile);

/** Whoever has the duty measures it. Nothing is measured where the server archives nothing. */
export async function measureArchive(sql: Sql, meter: Meter): Promise<void> {
  const state = await readArchiveState(sql);
  meter.clear('archive_lag_seconds');
  if (!state.isOn) return;
  const since = state.lastArchived?.at ?? state.failing?.at ?? state.now;
  meter.gauge('archive_lag_seconds', Math.max(0, state.now - since) / 1_000);
}

/** @param check a command of the settings that looks into the archive itself, such as that of pgBackRest */
export async function archiveStream(sql: Sql, check: readonly string[]): Promise<StreamState> {
  const state = await readArchiveState(sql);
  const coveredUntil = state.lastArchived?.at ?? null;
  const reason = troubleOf(state) ?? (state.isOn ? await runCheck(check) : null);
  return {
    repository: NAME,
    phase: reason === null ? 'archived' : 'waiting',
    coveredUntil,
    coveredSince: null,
    lagMs: coveredUntil === null ? null : Math.max(0, state.now - coveredUntil),
    generation: state.lastArchived?.file ?? null,
    segments: 0,
    bytes: 0,
    reason,
    gaps: state.failures,
    at: state.now,
  };
}

function troubleOf({ isOn, lastArchived, failing, failures }: ArchiveState): StreamState['reason'] {
  if (!isOn) {
    return {
      code: 'archive_off',
      message:
        'The database archives nothing (archive_mode is off): with its disk everything since the last snapshot is lost. ' +
        'Set archive_mode, archive_command and archive_timeout on the server; the guide to backups says how.',
    };
  }
  if (failing !== null) {
    return {
      code: 'archive_failing',
      message: `The database cannot archive ${failing.file}; it has failed ${failures} times, the last time at ${new Date(failing.at).toISOString()}. See the log of the server, and try its archive_command by hand.`,
    };
  }
  if (lastArchived !== null) return null;
  return {
    code: 'archive_empty',
    message:
      'The database has archived nothing yet. Set archive_timeout, so that it does when little happens, too.',
  };
}

async function runCheck([command, ...args]: readonly string[]): Promise<StreamState['reason']> {
  if (command === undefined) return null;
  try {
    await run(command, args, { timeout: CHECK_TIMEOUT_MS });
    return null;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const said = (stderr.trim() === '' ? message : stderr.trim()).slice(-500);
    return { code: 'archive_check_failed', message: `${[command, ...args].join(' ')} says: ${said}` };
  }
}
