/** The laboratory's own repository of snapshots, with the key that opens it. */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LaboratoryNode } from './node.ts';
import { budao } from './program.ts';

export class LaboratoryRepository {
  readonly folder: string;
  readonly keyFile: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.folder = join(folder, 'repository');
    this.keyFile = join(folder, 'recovery.key');
  }

  async create(node: LaboratoryNode): Promise<void> {
    mkdirSync(this.folder, { mode: 0o700 });
    await budao(['backup', 'init', '--repo', this.folder, '--new-key', this.keyFile], node.environment);
  }

  async snapshot(node: LaboratoryNode, label: string): Promise<void> {
    await budao(['backup', 'create', '--repo', this.folder, '--label', label], node.environment);
  }

  /** Into the node's data folder, which the service must not be using. */
  async restoreInto(node: LaboratoryNode): Promise<void> {
    const from = ['--repo', this.folder, '--key', this.keyFile, '--replace'];
    await budao(['restore', ...from], node.environment);
  }

  async verify(node: LaboratoryNode): Promise<{ ok: boolean; detail: string }> {
    const words = ['backup', 'verify', '--repo', this.folder, '--key', this.keyFile];
    return budao<{ ok: boolean }>(words, node.environment).then(
      ({ ok }) => ({ ok, detail: ok ? 'whole' : 'damaged' }),
      (error: unknown) => ({ ok: false, detail: String(error).slice(0, 500) }),
    );
  }

  /** The largest file with content, which some snapshot needs. */
  get largestPack(): string {
    const packs = readdirSync(this.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort((a, b) => statSync(b).size - statSync(a).size);
    const [largest] = packs;
    if (largest === undefined) throw new Error('the repository is empty');
    return largest;
  }
}
