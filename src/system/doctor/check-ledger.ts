import type { Ledger } from '../../ledger/ledger.ts';
import { isCluster } from '../configuration.ts';
import { type CheckOutcome, found, type OpenPlace, ok, repairable } from './check.ts';

const RESTORE = {
  en: 'Stop the service, keep the data folder as it is, and restore from a snapshot (docs/guides/restore.md).',
  zh: '停止服务，原样保留数据文件夹，从快照恢复（docs/guides/restore.zh.md）。',
};
const INVALID_INDEXES = `SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE c.relnamespace = CAST(CAST(current_schema() AS text) AS regnamespace) AND NOT (i.indisvalid AND i.indisready)`;

/** The engine's own opinion of what it has stored. */
export async function checkLedger(
  place: OpenPlace,
): Promise<{ outcomes: CheckOutcome[]; problems: string[] }> {
  const { ledger } = place;
  const { problems, remarks } = await integrityOf(ledger);
  const outcomes: CheckOutcome[] = [];
  if (problems.length > 0) {
    const shown = problems.slice(0, 3).join('; ');
    outcomes.push(
      found('failed', 'ledger', {
        evidence: {
          en: `${problems.length} damages, such as: ${shown}`,
          zh: `发现 ${problems.length} 处损坏，例如：${shown}`,
        },
        repair: RESTORE,
      }),
    );
  }
  if (isCluster(place.configuration)) {
    outcomes.push(...(await checkInvalidIndexes(place)));
    for (const remark of remarks) {
      outcomes.push(
        found('warning', 'ledger', {
          evidence: { en: remark, zh: remark },
          repair: { en: 'Tell whoever looks after the database server.', zh: '请告知数据库服务器的管理员。' },
        }),
      );
    }
  }
  if (outcomes.length > 0) return { outcomes, problems };
  const evidence = {
    en: 'opens, and its integrity check finds nothing',
    zh: '可以打开，完整性检查未发现问题',
  };
  return { outcomes: [ok('ledger', evidence)], problems };
}

/** A ledger that cannot be opened: what is known of it, and what to do. */
export function unopened(why: string): CheckOutcome {
  return found('failed', 'ledger', { evidence: { en: why, zh: why }, repair: RESTORE });
}

interface Remarking {
  examine(): Promise<{ problems: string[]; remarks: string[] }>;
}

async function integrityOf(ledger: Ledger): Promise<{ problems: string[]; remarks: string[] }> {
  if ('examine' in ledger) return (ledger as unknown as Remarking).examine();
  return { problems: await ledger.checkIntegrity(), remarks: [] };
}

/** What a broken CREATE INDEX CONCURRENTLY or a damaged page leaves; made again from the table. */
async function checkInvalidIndexes(place: OpenPlace): Promise<CheckOutcome[]> {
  const invalid = await place.ledger.read.all<{ name: string }>(INVALID_INDEXES);
  return Promise.all(
    invalid.map(({ name }) =>
      repairable(
        place,
        found('failed', 'ledger', {
          subject: name,
          evidence: { en: `The index ${name} is marked as invalid.`, zh: `索引 ${name} 被标记为无效。` },
          repair: { en: 'It is built again (REINDEX).', zh: '重新建立（REINDEX）。' },
        }),
        () => place.ledger.transaction((tx) => tx.run(`REINDEX INDEX "${name.replaceAll('"', '""')}"`)),
      ),
    ),
  );
}
