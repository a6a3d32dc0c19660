/** The laboratory's own repository of snapshots, with the key that opens it. */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../wait-until.ts';
import type { LaboratoryNode } from './node.ts';
import { budao } from './program.ts';

/** As the settings of the nodes call it. */
const NAME = 'drill';
const COVERED_DEADLINE_MS = 60_000;
/** What is acknowledged before a fault is shipped within so long, or it is lost: that is what is measured. */
const SHIPPED_WITHIN_MS = 5_000;

export class LaboratoryRepository {
  readonly folder: string;
  readonly keyFile: string;
  /** On the embedded engine changes are shipped between snapshots. */
  readonly #ships: boolean;

  constructor(folder: string, ships: boolean) {
    this.folder = join(folder, 'repository');
    this.keyFile = join(folder, 'recovery.key');
    this.#ships = ships;
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
  }

  /** What the nodes are told of it. */
  get settings(): object {
    return { repositories: [{ name: NAME, folder: this.folder }] };
  }

  /** From here on everything that is acknowledged gets there by itself. */
  async create(node: LaboratoryNode): Promise<void> {
    await budao(['backup', 'init', '--repo', NAME, '--new-key', this.keyFile], node.environment);
    await budao(['backup', 'create', '--repo', NAME, '--label', 'before the drill'], node.environment);
    if (this.#ships) await waitUntil(() => this.#isCovered(node), COVERED_DEADLINE_MS);
  }

  /**
   * Into the node's data folder, or its database, which the service must not be using.
   *
   * @param to a point in time; null for all that got there, or for the newest snapshot where nothing is shipped
   */
  async restoreInto(node: LaboratoryNode, to: Date | null = null): Promise<void> {
    const point = this.#ships ? ['--to', to === null ? 'latest' : to.toISOString()] : [];
    const from = ['--repo', NAME, '--key', this.keyFile, '--replace', ...point];
    await budao(['restore', ...from], node.environment);
  }

  async verify(node: LaboratoryNode): Promise<{ ok: boolean; detail: string }> {
    const words = ['backup', 'verify', '--repo', NAME, '--key', this.keyFile];
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

  async #isCovered(node: LaboratoryNode): Promise<boolean> {
    const { lagMs } = await budao<{ lagMs: number | null }>(['backup', 'status'], node.environment).catch(
      () => ({
        lagMs: null,
      }),
    );
    return lagMs !== null && lagMs < SHIPPED_WITHIN_MS;
  }
}
