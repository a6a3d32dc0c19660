import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StreamState } from '../../src/recovery/stream/stream-state.ts';
import { restore } from '../../src/system/backup/restore.ts';
import { loadConfiguration } from '../../src/system/configuration.ts';
import { writeOn } from '../../tests/recovery/acknowledged-writes.ts';
import { budao } from '../../tests/support/cli.ts';
import { Service } from '../../tests/support/service.ts';
import { until } from '../../tests/support/until.ts';

const WRITES = 50;

export interface PointInTimeLoss {
  rounds: number;
  acknowledged: number;
  lost: number;
  /** Of the oldest write that was lost in any round: so much before the kill it had been acknowledged. */
  oldestLostSeconds: number;
}

/** Everything is killed under load again and again; what had been acknowledged is looked for in what the stream makes. */
export async function measurePointInTimeLoss(place: string, rounds: number): Promise<PointInTimeLoss> {
  await mkdir(place);
  const configFile = join(place, 'budao.yaml');
  const repositories = [{ name: 'local', folder: join(place, 'repository') }];
  await writeFile(configFile, JSON.stringify({ backup: { repositories } }));
  const environment = { BUDAO_CONFIG: configFile };
  const dataDir = join(place, 'data');
  const keyFile = join(place, 'key');
  await using service = await Service.start({ environment, dataDir });
  const made = await budao(['backup', 'init', '--new-key', keyFile, '--data-dir', dataDir], { environment });
  if (made.code !== 0) throw new Error(made.stderr);
  const loss: PointInTimeLoss = { rounds, acknowledged: 0, lost: 0, oldestLostSeconds: 0 };
  for (let round = 1; round <= rounds; round++) {
    const startedAt = Date.now();
    await until(async () => (await coveredUntil(dataDir)) > startedAt, 60_000);
    const writer = writeOn(service);
    await until(() => writer.acknowledged.length >= WRITES, 60_000);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_500));
    const killedAt = Date.now();
    await service.killAll();
    await writer.stop();
    const target = join(place, `restored-${round}`);
    const configuration = loadConfiguration({}, { configFile, dataDir: target });
    const request = { configuration, repository: null, keyFile, snapshotId: null, replace: false };
    await restore({ ...request, to: Number.POSITIVE_INFINITY, dryRun: false, onProgress: () => {} });
    using ledger = new DatabaseSync(join(target, 'ledger.db'), { readOnly: true });
    const find = ledger.prepare(
      'SELECT 1 FROM conversation WHERE id = ? UNION SELECT 1 FROM document WHERE id = ?',
    );
    for (const { path, at } of writer.acknowledged) {
      const id = path.split('/')[3] ?? '';
      loss.acknowledged += 1;
      if (find.get(id, id) !== undefined) continue;
      loss.lost += 1;
      loss.oldestLostSeconds = Math.max(loss.oldestLostSeconds, (killedAt - at) / 1_000);
    }
    ledger.close();
    await rm(target, { recursive: true });
    await service.start();
  }
  return loss;
}

async function coveredUntil(dataDir: string): Promise<number> {
  const text = await readFile(join(dataDir, 'stream-state.json'), 'utf8').catch(() => '[]');
  return (JSON.parse(text) as StreamState[])[0]?.coveredUntil ?? 0;
}
