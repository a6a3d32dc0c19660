import {
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { z } from 'zod';
import { defineFault, type FaultCheck } from './fault.ts';

const KINDS = ['flipped-byte', 'truncated', 'missing-object', 'lost-key'] as const;

/** A backup that cannot be restored, and whether anybody notices before it is needed. */
export const repositoryDamaged = defineFault({
  name: 'repository-damaged',
  about: {
    en: 'the repository has a flipped byte, a truncated or a missing object, or its key is lost',
    zh: '备份仓库中有翻转的字节、截断或缺失的对象，或密钥丢失',
  },
  parameters: z.strictObject({ target: z.enum(KINDS) }),
  requires: ['linux'],
  needs: ['repository'],
  async prepare(laboratory, { target }) {
    const { repository, first: node } = laboratory;
    if (repository === null) throw new Error('this laboratory has no repository');
    const path = target === 'lost-key' ? repository.keyFile : repository.largestPack;
    const kept = `${laboratory.folder}/kept-object`;
    const contentBefore = readFileSync(path);
    const isAsBefore = () => existsSync(path) && readFileSync(path).equals(contentBefore);
    let wasNoticed: FaultCheck | null = null;
    return {
      victim: `repository: ${target}`,
      undoActs: [],
      async inject() {
        copyFileSync(path, kept);
        spoil(path, target);
        const { ok, detail } = await repository.verify(node);
        wasNoticed = { check: 'damage-noticed', ok: !ok, detail: `${target}: ${detail}` };
      },
      isInjected: async () => !isAsBefore(),
      undo: async () => {
        rmSync(path, { force: true });
        renameSync(kept, path);
      },
      isUndone: async () => isAsBefore() && (await repository.verify(node)).ok,
      checks: async () => (wasNoticed === null ? [] : [wasNoticed]),
    };
  },
});

function spoil(path: string, kind: (typeof KINDS)[number]): void {
  if (kind === 'missing-object' || kind === 'lost-key') return rmSync(path);
  const content = readFileSync(path);
  if (kind === 'truncated') return truncateSync(path, Math.floor(content.length / 2));
  const middle = Math.floor(content.length / 2);
  content[middle] = (content[middle] ?? 0) ^ 0xff;
  writeFileSync(path, content);
}
