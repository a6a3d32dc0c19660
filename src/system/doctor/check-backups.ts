import { join } from 'node:path';
import { BudaoError } from '../../contract/errors.ts';
import type { StreamState } from '../../recovery/stream/stream-state.ts';
import type { RepositorySettings } from '../backup/backup-settings.ts';
import { openForReading } from '../backup/repositories.ts';
import { readStreamStates } from '../backup/stream-states.ts';
import { type CheckOutcome, found, ok, type Place, reasonOf } from './check.ts';

const HOUR_MS = 60 * 60_000;
/** A nightly snapshot that has failed once. */
const OLD_HOURS = 36;
/** Seconds are usual. */
const LAG_MS = 60_000;
const LOOK_LIMIT_MS = 10_000;

/** Whether there is anything to come back from, and how much would be lost. */
export async function checkBackups(place: Place): Promise<CheckOutcome[]> {
  const { repositories } = place.configuration.backup;
  const streams = (await readStreamStates(place.configuration, place.now)).map(judgeStream);
  if (repositories.length > 0)
    return [...(await Promise.all(repositories.map((one) => checkRepository(place, one)))), ...streams];
  return [
    found('warning', 'backups', {
      evidence: {
        en: 'No repository is configured: nothing is backed up.',
        zh: '未配置仓库：没有任何备份。',
      },
      repair: {
        en: 'Name one in backup.repositories, then: budao backup init, budao backup create (docs/guides/backup.md).',
        zh: '在 backup.repositories 中配置，然后运行 budao backup init、budao backup create（docs/guides/backup.zh.md）。',
      },
    }),
  ];
}

/** What would be lost beyond the snapshots, if the machine were lost now. */
function judgeStream({ repository, lagMs, phase, reason }: StreamState): CheckOutcome {
  const subject = `${repository} (${phase})`;
  const seconds = lagMs === null ? null : Math.round(lagMs / 1000);
  const evidence = {
    en:
      seconds === null
        ? 'no change since the snapshots is covered'
        : `changes are shipped, ${seconds} s behind`,
    zh: seconds === null ? '快照之后的更改尚未得到保护' : `更改持续传送，落后 ${seconds} 秒`,
  };
  const isBehind = lagMs === null || lagMs > LAG_MS;
  if (reason === null && !isBehind) return ok('backups', evidence, subject);
  const why = reason === null ? '' : ` ${reason.message}`;
  return found('warning', 'backups', {
    subject,
    evidence: { en: `${evidence.en}.${why}`, zh: `${evidence.zh}。${why}` },
    repair: {
      en: 'Start the service if it is stopped; else put right what the reason says. It goes on by itself then.',
      zh: '若服务已停止，请启动；否则处理所述原因。之后会自行继续。',
    },
  });
}

async function checkRepository(place: Place, settings: RepositorySettings): Promise<CheckOutcome> {
  const subject = settings.name;
  try {
    const { newest, recipients, unreadable } = await within(LOOK_LIMIT_MS, () => look(place, settings));
    const create = {
      en: `budao backup create --repo ${subject}`,
      zh: `budao backup create --repo ${subject}`,
    };
    if (unreadable > 0) {
      const evidence = {
        en: `${unreadable} manifests of snapshots cannot be read.`,
        zh: `有 ${unreadable} 份快照清单无法读取。`,
      };
      const repair = {
        en: `budao backup verify --repo ${subject}`,
        zh: `budao backup verify --repo ${subject}`,
      };
      return found('failed', 'backups', { subject, evidence, repair });
    }
    if (newest === null) {
      const evidence = { en: 'There is no snapshot in it yet.', zh: '其中还没有快照。' };
      return found('warning', 'backups', { subject, evidence, repair: create });
    }
    const hours = Math.floor((place.now - newest.createdAt) / HOUR_MS);
    const keys = recipients.map((recipient) => `…${recipient.slice(-8)}`).join(', ');
    const evidence = {
      en: `the newest snapshot (${newest.id}) is ${hours} h old; recovery keys: ${keys}`,
      zh: `最新快照（${newest.id}）距今 ${hours} 小时；恢复密钥：${keys}`,
    };
    return hours < OLD_HOURS
      ? ok('backups', evidence, subject)
      : found('warning', 'backups', { subject, evidence, repair: create });
  } catch (error) {
    const why = reasonOf(error);
    const code = error instanceof BudaoError ? `${error.code}：` : '';
    return found('failed', 'backups', {
      subject,
      evidence: { en: why, zh: `${code}${why}` },
      repair: {
        en: 'Mount or connect it. Until then nothing is backed up there.',
        zh: '挂载或连通该仓库。在此之前不会备份到那里。',
      },
    });
  }
}

async function look(
  { folder }: Place,
  settings: RepositorySettings,
): Promise<{
  newest: { id: string; createdAt: number } | null;
  recipients: readonly string[];
  unreadable: number;
}> {
  const scratchFolder = join(folder.cache, 'backup');
  await using opened = await openForReading(settings, { keyFile: null, scratchFolder });
  const { manifests, unreadable } = await opened.repository.list();
  const { recipients } = opened.repository.context.description;
  return { newest: manifests[0] ?? null, recipients, unreadable: unreadable.length };
}

async function within<T>(limitMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
