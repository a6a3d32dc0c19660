import { type CheckOutcome, found, type OpenPlace, ok } from './check.ts';

interface Reference {
  rows: string;
  column: string;
  to: string;
  only?: string;
  /** Too many rows for every day. */
  deep?: boolean;
}

/** Which row names which; the schema itself is portable and declares none of it. */
const REFERENCES: readonly Reference[] = [
  { rows: 'membership', column: 'account_id', to: 'account' },
  { rows: 'membership', column: 'workspace_id', to: 'workspace' },
  { rows: 'sign_in_session', column: 'account_id', to: 'account' },
  { rows: 'api_key', column: 'workspace_id', to: 'workspace' },
  { rows: 'knowledge_base', column: 'workspace_id', to: 'workspace' },
  { rows: 'document', column: 'workspace_id', to: 'workspace' },
  { rows: 'knowledge_base_document', column: 'knowledge_base_id', to: 'knowledge_base' },
  // While one leaves, its document may be gone already.
  {
    rows: 'knowledge_base_document',
    column: 'document_id',
    to: 'document',
    only: "rows.status <> 'removing'",
  },
  { rows: 'conversation', column: 'workspace_id', to: 'workspace' },
  { rows: 'conversation_item', column: 'conversation_id', to: 'conversation', deep: true },
  { rows: 'event', column: 'run_id', to: 'run', deep: true },
];

/** Rows that name a row which is not there: something was deleted by hand, or half of something is lost. */
export async function checkReferences({ ledger, deep }: OpenPlace): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  const looked = REFERENCES.filter((reference) => deep || reference.deep !== true);
  for (const { rows, column, to, only = '1 = 1' } of looked) {
    const found_ = await ledger.read.get<{ count: number }>(
      `SELECT COUNT(*) AS count FROM ${rows} AS rows
       WHERE ${only} AND NOT EXISTS (SELECT 1 FROM ${to} AS target WHERE target.id = rows.${column})`,
    );
    const count = Number(found_?.count ?? 0);
    if (count > 0) outcomes.push(dangling(rows, to, count));
  }
  if (outcomes.length > 0) return outcomes;
  const evidence = {
    en: `${looked.length} kinds of references lead somewhere`,
    zh: `${looked.length} 种引用均有效`,
  };
  return [ok('references', evidence)];
}

function dangling(rows: string, to: string, count: number): CheckOutcome {
  return found('failed', 'references', {
    subject: rows,
    evidence: {
      en: `${count} rows of ${rows} name a ${to} that does not exist.`,
      zh: `${rows} 中有 ${count} 行引用了不存在的 ${to}。`,
    },
    repair: {
      en: 'Rows were deleted by hand or are lost: compare with a snapshot restored beside this one (budao restore --data-dir ELSEWHERE).',
      zh: '有行被手动删除或丢失：请把快照恢复到另一处（budao restore --data-dir 其他位置）进行比较。',
    },
  });
}
