import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

export interface MountedFileSystem {
  device: string;
  mountPoint: string;
  type: string;
  options: readonly string[];
}

/** Where a path lies, as the kernel tells it now; null where there is no /proc. */
export function fileSystemOf(path: string): MountedFileSystem | null {
  let table: string;
  try {
    table = readFileSync('/proc/self/mounts', 'utf8');
  } catch {
    return null;
  }
  return mountIn(table, realpathSync(nearestFolder(path)));
}

/** The last line wins among those of one mount point: it lies on top. */
export function mountIn(table: string, path: string): MountedFileSystem | null {
  let best: MountedFileSystem | null = null;
  for (const line of table.split('\n')) {
    const [device = '', point = '', type = '', options = ''] = line.split(' ').map(unescapeMount);
    if (point === '' || !liesIn(path, point)) continue;
    if (best === null || point.length >= best.mountPoint.length)
      best = { device, mountPoint: point, type, options: options.split(',') };
  }
  return best;
}

/** What ext4 has counted since its last check; null for other file systems. */
export function errorsCounted({ device, type }: MountedFileSystem): number | null {
  if (type !== 'ext4') return null;
  try {
    const name = realpathSync(device).split('/').at(-1);
    return Number(readFileSync(`/sys/fs/ext4/${name}/errors_count`, 'utf8'));
  } catch {
    return null;
  }
}

/** What is still there of a path whose end may be gone. */
export function nearestFolder(path: string): string {
  let nearest = path;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  return nearest;
}

function liesIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** proc(5): blanks, tabs, line feeds and backslashes stand as octal numbers. */
function unescapeMount(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8)),
  );
}
