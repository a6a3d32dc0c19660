import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caller } from '../access/furnished-workspace.ts';
import { budao } from '../support/cli.ts';
import type { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const REPOSITORY = 'local';
const PATIENCE_MS = 60_000;

/** Settings that name one repository, in a place of their own. */
export class RepositoryPlace implements AsyncDisposable {
  readonly environment: Record<string, string>;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.environment = { BUDAO_CONFIG: join(folder, 'budao.yaml') };
  }

  static async make(): Promise<RepositoryPlace> {
    const folder = await mkdtemp(join(tmpdir(), 'budao-replies-'));
    const repositories = [{ name: REPOSITORY, folder: join(folder, 'repository') }];
    await writeFile(join(folder, 'budao.yaml'), JSON.stringify({ backup: { repositories } }));
    return new RepositoryPlace(folder);
  }

  /** Makes the repository, and one snapshot in it. */
  async furnish(service: Service): Promise<{ snapshot: string; result: string; run: string }> {
    const made = await budao(
      ['backup', 'init', '--new-key', join(this.#folder, 'recovery.key'), '--data-dir', service.dataDir],
      { environment: this.environment },
    );
    if (made.code !== 0) throw new Error(made.stderr);
    const operate = caller(service, service.apiKey);
    const { id: run } = await operate('POST', '/ops/backup/runs', snapshotNow());
    type Snapshots = { data: { id: string }[] };
    let snapshots: Snapshots = { data: [] };
    await until(async () => {
      snapshots = await operate<Snapshots>('GET', '/ops/backup/snapshots');
      return snapshots.data.length > 0;
    }, PATIENCE_MS);
    let results: Snapshots = { data: [] };
    await until(async () => {
      results = await operate<Snapshots>('GET', '/ops/backup/results');
      return results.data.length > 0;
    }, PATIENCE_MS);
    return { snapshot: snapshots.data[0]?.id ?? '', result: results.data[0]?.id ?? '', run };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export function snapshotNow(): { task: string; repository: string } {
  return { task: 'snapshot', repository: REPOSITORY };
}
