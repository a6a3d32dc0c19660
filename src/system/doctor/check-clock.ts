import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { isCluster } from '../configuration.ts';
import { type CheckOutcome, found, ok, type Place, unknown, type Words } from './check.ts';

/** Less comes of the clocks of several machines, and of corrections. */
const BACKWARDS_MS = 60_000;
/** As the service's own watch has it. */
const OFF_MS = 5_000;
const ASK_LIMIT_MS = 3_000;
const SET_CLOCK: Words = {
  en: 'Set the clock (timedatectl set-ntp true, or date -s), and see whether the battery of the board is empty. Do this before the service starts.',
  zh: '校正时钟（timedatectl set-ntp true 或 date -s），并检查主板电池是否耗尽。请在启动服务之前完成。',
};

/** After a power cut a machine may wake up in another year. */
export async function checkClock(place: Place, ledger: Ledger | null): Promise<CheckOutcome[]> {
  const { configuration, now } = place;
  const latest = await latestTime(place, ledger);
  const shown = new Date(now).toISOString();
  if (now < latest - BACKWARDS_MS) {
    const seconds = Math.round((latest - now) / 1000);
    return [
      found('failed', 'clock', {
        evidence: {
          en: `The clock shows ${shown}; what was last written is ${seconds} s younger: the clock has jumped back.`,
          zh: `时钟为 ${shown}；最后写入的内容比它晚 ${seconds} 秒：时钟向后跳了。`,
        },
        repair: SET_CLOCK,
      }),
    ];
  }
  const offMs = ledger !== null && isCluster(configuration) ? Math.round(Date.now() - ledgerTime()) : 0;
  if (Math.abs(offMs) >= OFF_MS) {
    return [
      found('failed', 'clock', {
        evidence: {
          en: `The clock is ${offMs / 1000} s off the database's.`,
          zh: `时钟与数据库相差 ${offMs / 1000} 秒。`,
        },
        repair: SET_CLOCK,
      }),
    ];
  }
  const isSynchronised = await askSynchronised();
  if (isSynchronised === false) {
    return [
      found('warning', 'clock', {
        evidence: {
          en: `${shown}, and no time server keeps it right.`,
          zh: `${shown}，且未与时间服务器同步。`,
        },
        repair: {
          en: 'Set up NTP (timedatectl set-ntp true), unless something else keeps the clock right.',
          zh: '启用 NTP（timedatectl set-ntp true），除非另有校时方式。',
        },
      }),
    ];
  }
  const agrees: Words = {
    en: `${shown}, after everything that was written`,
    zh: `${shown}，晚于所有已写入的内容`,
  };
  if (isSynchronised)
    return [ok('clock', { en: `${agrees.en}; kept right by NTP`, zh: `${agrees.zh}；NTP 已同步` })];
  return [
    ledger === null
      ? unknown('clock', {
          en: `${shown}; whether a time server keeps it right is not known here.`,
          zh: `${shown}；无法得知是否与时间服务器同步。`,
        })
      : ok('clock', {
          en: `${agrees.en}; whether NTP keeps it right is not known here`,
          zh: `${agrees.zh}；无法得知 NTP 状态`,
        }),
  ];
}

/** When anything was last written: by the rows, by the files, and by the program itself. */
async function latestTime({ folder }: Place, ledger: Ledger | null): Promise<number> {
  const files = [`${folder.ledger}-wal`, folder.ledger, new URL('../../../package.json', import.meta.url)];
  const times = await Promise.all(
    files.map((path) =>
      stat(path).then(
        (entry) => entry.mtimeMs,
        () => 0,
      ),
    ),
  );
  const rows = await ledger?.read
    .all<{ at: number | null }>(
      `SELECT MAX(created_at) AS at FROM (SELECT created_at FROM run ORDER BY id DESC LIMIT 100) AS newest
       UNION ALL SELECT MAX(started_at) AS at FROM process
       UNION ALL SELECT MAX(updated_at) AS at FROM setting`,
    )
    .catch(() => []);
  return Math.max(...times, ...(rows ?? []).map(({ at }) => Number(at ?? 0)));
}

/** @returns null where nobody can be asked */
async function askSynchronised(): Promise<boolean | null> {
  try {
    const { stdout } = await promisify(execFile)(
      'timedatectl',
      ['show', '--property=NTPSynchronized', '--value'],
      {
        timeout: ASK_LIMIT_MS,
      },
    );
    return { yes: true, no: false }[stdout.trim()] ?? null;
  } catch {
    return stat('/run/systemd/timesync/synchronized').then(
      () => true,
      () => null,
    );
  }
}
