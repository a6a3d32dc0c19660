import { statfs } from 'node:fs/promises';
import type { Configuration } from '../configuration.ts';
import { tryWriting } from '../data-folder.ts';
import { type CheckOutcome, found, gibibytes, ok, type Place, reasonOf, unknown } from './check.ts';
import { errorsCounted, fileSystemOf, nearestFolder } from './file-systems.ts';

/** As `/readyz` has it: below this, uploads and answers may soon fail to be stored. */
const LOW_BYTES = 512 * 1024 * 1024;
const NO_BYTES = 32 * 1024 * 1024;
const LOW_INODES = 10_000;
const NO_INODES = 200;

/** Every folder that is written to: the data folder, what is shared, and repositories on disks. */
export function writtenFolders({ dataDir, stores, backup }: Configuration): string[] {
  const shared = [stores.blobs.folder, stores.index.folder];
  const repositories = backup.repositories.map(({ folder }) => folder);
  return [...new Set([dataDir, ...shared, ...repositories].filter((path) => path !== null))];
}

/** A kernel that met an error mounts the file system read-only, and everything that was to be stored fails. */
export async function checkFileSystems({ configuration }: Place): Promise<CheckOutcome[]> {
  return Promise.all(
    writtenFolders(configuration).map((path) => checkFileSystem(path, path === configuration.dataDir)),
  );
}

async function checkFileSystem(path: string, isDataFolder: boolean): Promise<CheckOutcome> {
  const mounted = fileSystemOf(path);
  const where = mounted === null ? path : `${mounted.device} (${mounted.type}, ${mounted.mountPoint})`;
  // A kernel that met an error calls it so, and leaves the options that were asked for.
  const isReadOnly = ['ro', 'emergency_ro', 'shutdown'].some((option) => mounted?.options.includes(option));
  if (isReadOnly) {
    return found('failed', 'file-system', {
      subject: path,
      evidence: { en: `${where} is mounted read-only.`, zh: `${where} 以只读方式挂载。` },
      repair: {
        en: `Look into the kernel's log (dmesg) for errors of the disk; check the file system with fsck, unmounted; then mount it for writing (mount -o remount,rw ${mounted?.mountPoint}).`,
        zh: `查看内核日志（dmesg）中的磁盘错误；卸载后用 fsck 检查文件系统；再以可写方式挂载（mount -o remount,rw ${mounted?.mountPoint}）。`,
      },
    });
  }
  const errors = mounted === null ? null : errorsCounted(mounted);
  if (errors !== null && errors > 0) {
    return found('failed', 'file-system', {
      subject: path,
      evidence: {
        en: `The kernel has counted ${errors} errors of the file system on ${where}.`,
        zh: `内核记录了 ${where} 的 ${errors} 个文件系统错误。`,
      },
      repair: {
        en: 'Take a backup, look into dmesg, stop the service, unmount it and run fsck; replace the disk if errors come back.',
        zh: '先备份，查看 dmesg，停止服务，卸载后运行 fsck；若错误再次出现，请更换磁盘。',
      },
    });
  }
  const problem = isDataFolder ? tryWriting(path) : null;
  if (problem !== null) {
    return found('failed', 'file-system', {
      subject: path,
      evidence: { en: `Writing to ${path} fails: ${problem}`, zh: `无法写入 ${path}：${problem}` },
      repair: {
        en: 'Make room, or give this user the right to write there; EIO means that the disk is failing (dmesg).',
        zh: '腾出空间，或授予当前用户写权限；EIO 表示磁盘有故障（见 dmesg）。',
      },
    });
  }
  return ok('file-system', { en: `${where}, writable`, zh: `${where}，可写` }, path);
}

export async function checkSpace({ configuration }: Place): Promise<CheckOutcome[]> {
  return Promise.all(writtenFolders(configuration).map(checkSpaceOf));
}

async function checkSpaceOf(path: string): Promise<CheckOutcome> {
  let space: Awaited<ReturnType<typeof statfs>>;
  try {
    space = await statfs(nearestFolder(path));
  } catch (error) {
    const why = reasonOf(error);
    return unknown('space', { en: `Not known: ${why}`, zh: `无法得知：${why}` }, path);
  }
  const freeBytes = space.bavail * space.bsize;
  // File systems that make inodes as they go say that they have none.
  const freeInodes = space.files === 0 ? Number.POSITIVE_INFINITY : space.ffree;
  const inodes = space.files === 0 ? '' : `; ${freeInodes} / ${space.files} inodes`;
  const evidence = {
    en: `${gibibytes(freeBytes)} of ${gibibytes(space.blocks * space.bsize)} free${inodes}`,
    zh: `可用 ${gibibytes(freeBytes)}，共 ${gibibytes(space.blocks * space.bsize)}${inodes}`,
  };
  const isOut = freeBytes < NO_BYTES || freeInodes < NO_INODES;
  if (!isOut && freeBytes >= LOW_BYTES && freeInodes >= LOW_INODES) return ok('space', evidence, path);
  return found(isOut ? 'failed' : 'warning', 'space', {
    subject: path,
    evidence,
    repair: {
      en:
        freeInodes < LOW_INODES
          ? 'Delete or move many small files (df -i shows where inodes go), or move the folder to a file system with more inodes.'
          : 'Delete or move what is not needed (du -x shows what is large), or move the folder to a larger disk.',
      zh:
        freeInodes < LOW_INODES
          ? '删除或移走大量小文件（df -i 可查看 inode 用量），或把文件夹移到 inode 更多的文件系统。'
          : '删除或移走不需要的内容（du -x 可查看大文件），或把文件夹移到更大的磁盘。',
    },
  });
}
