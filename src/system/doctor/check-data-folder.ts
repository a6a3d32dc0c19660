import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { refuseUnfinishedFolder } from '../backup/restore-staging.ts';
import { type DataFolder, DataFolderLock } from '../data-folder.ts';
import { type CheckOutcome, found, ok, type Place, repairable } from './check.ts';

/** Younger ones may belong to a writer that is at work. */
const LEFT_OVER_AGE_MS = 60 * 60_000;

/** Who holds the folder, and what a power cut has left in it. */
export async function checkDataFolder(place: Place): Promise<CheckOutcome[]> {
  const { folder, now } = place;
  const outcomes: CheckOutcome[] = [];
  if (unfinishedRestore(folder)) {
    outcomes.push(
      found('failed', 'data-folder', {
        subject: folder.path,
        evidence: { en: 'A restore into it was broken off.', zh: '向其中的一次恢复被中断。' },
        repair: {
          en: 'Run the same restore command again: it goes on or begins anew, and the service starts afterwards.',
          zh: '重新运行同一条恢复命令：它会继续或从头开始，之后服务即可启动。',
        },
      }),
    );
  }
  outcomes.push(...(await checkLeftOvers(place)));
  for (const name of await readdir(folder.path).catch(() => [])) {
    if (!/^replaced-\d{8}T\d{6}Z?$/.test(name)) continue;
    const days = Math.floor((now - (await stat(join(folder.path, name))).mtimeMs) / 86_400_000);
    outcomes.push(
      found('warning', 'data-folder', {
        subject: join(folder.path, name),
        evidence: {
          en: `What a restore put aside ${days} days ago is still there.`,
          zh: `${days} 天前恢复时移到一边的内容仍在。`,
        },
        repair: {
          en: 'Delete it when nobody misses it; nothing else does.',
          zh: '确认无人需要后手动删除；程序不会删除它。',
        },
      }),
    );
  }
  if (outcomes.length > 0) return outcomes;
  const holder = DataFolderLock.holder(folder);
  return [
    holder === null
      ? ok('data-folder', { en: 'not in use, nothing left over', zh: '未被占用，无残留' }, folder.path)
      : ok('data-folder', { en: `held by process ${holder}`, zh: `由进程 ${holder} 占用` }, folder.path),
  ];
}

function unfinishedRestore(folder: DataFolder): boolean {
  try {
    refuseUnfinishedFolder(folder);
    return false;
  } catch {
    return true;
  }
}

async function checkLeftOvers(place: Place): Promise<CheckOutcome[]> {
  const { folder, now } = place;
  const left: string[] = [];
  for (const name of await readdir(folder.path).catch(() => [])) {
    const path = join(folder.path, name);
    const isStaging = name === 'restoring' && !unfinishedRestore(folder);
    if (!isStaging && !/^\.(tmp|probe)-\d+/.test(name)) continue;
    const entry = await stat(path).catch(() => null);
    if (entry !== null && now - entry.mtimeMs > LEFT_OVER_AGE_MS) left.push(path);
  }
  if (left.length === 0 || !existsSync(folder.path)) return [];
  const outcome = found('warning', 'data-folder', {
    subject: folder.path,
    evidence: {
      en: `${left.length} left-overs of processes that were killed: ${left.join(', ')}`,
      zh: `${left.length} 个被杀进程的残留：${left.join('、')}`,
    },
    repair: { en: 'They are deleted.', zh: '将其删除。' },
  });
  return [
    await repairable(place, outcome, async () => {
      for (const path of left) await rm(path, { recursive: true, force: true });
    }),
  ];
}
