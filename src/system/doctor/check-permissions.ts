import { constants, type Stats } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckOutcome, found, ok, type Place, reasonOf } from './check.ts';

const MOST_NAMED = 3;

/** After one start as another user, usually root, the service can no longer write what that one made. */
export async function checkPermissions({ folder }: Place): Promise<CheckOutcome[]> {
  let owner: Stats;
  try {
    owner = await stat(folder.path);
    await access(folder.path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = reasonOf(error);
    return [
      found('failed', 'permissions', {
        subject: folder.path,
        evidence: { en: `The data folder cannot be used: ${why}`, zh: `数据文件夹无法使用：${why}` },
        repair: {
          en: 'Mount it or put it back; run this as the user who owns it; give that user read and write permission.',
          zh: '重新挂载或放回该文件夹；用其所有者身份运行；授予该用户读写权限。',
        },
      }),
    ];
  }
  const foreign: string[] = [];
  const open: string[] = [];
  for (const path of await ownFiles(folder.path)) {
    const entry = await stat(path).catch(() => null);
    if (entry === null) continue;
    if (entry.uid !== owner.uid) foreign.push(path);
    if (path.startsWith(folder.secrets) && (entry.mode & 0o077) !== 0) open.push(path);
  }
  const outcomes: CheckOutcome[] = [];
  if (foreign.length > 0) {
    outcomes.push(
      found('failed', 'permissions', {
        subject: folder.path,
        evidence: {
          en: `${foreign.length} files belong to another user than the data folder: ${named(foreign)}`,
          zh: `${foreign.length} 个文件的所有者与数据文件夹不同：${named(foreign)}`,
        },
        repair: {
          en: `Give them to its owner: chown -R ${owner.uid}:${owner.gid} ${folder.path}`,
          zh: `把它们交给文件夹的所有者：chown -R ${owner.uid}:${owner.gid} ${folder.path}`,
        },
      }),
    );
  }
  if (open.length > 0) {
    outcomes.push(
      found('warning', 'permissions', {
        subject: folder.secrets,
        evidence: {
          en: `Other users of this machine may read secrets: ${named(open)}`,
          zh: `本机其他用户可以读取密钥文件：${named(open)}`,
        },
        repair: { en: `chmod -R go= ${folder.secrets}`, zh: `chmod -R go= ${folder.secrets}` },
      }),
    );
  }
  if (outcomes.length > 0) return outcomes;
  const evidence = {
    en: `readable and writable, owned by ${owner.uid}`,
    zh: `可读写，所有者为 ${owner.uid}`,
  };
  return [ok('permissions', evidence, folder.path)];
}

/** What lies at the top, and one level below: the thousands of files below share their folder's fate. */
async function ownFiles(path: string): Promise<string[]> {
  const names = async (folder: string): Promise<string[]> =>
    (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
  const top = await names(path);
  return [...top, ...(await Promise.all(top.map(names))).flat()];
}

function named(paths: readonly string[]): string {
  return `${paths.slice(0, MOST_NAMED).join(', ')}${paths.length > MOST_NAMED ? ' …' : ''}`;
}
