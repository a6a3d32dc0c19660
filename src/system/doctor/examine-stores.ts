/** The knowledge side of an examination, as outcomes beside those of the machine. */
import { existsSync } from 'node:fs';
import type { Checked } from '../../knowledge/doctor/examination.ts';
import { examine } from '../../knowledge/doctor/examine.ts';
import type { CheckName, Finding } from '../../knowledge/doctor/finding.ts';
import { RUNS_AVAILABLE } from '../../runs/channel.ts';
import { MemoryChannel } from '../../stores/channel/memory-channel.ts';
import { openStores } from '../compose.ts';
import { type CheckedName, type CheckOutcome, type Place, reasonOf, unknown, type Words } from './check.ts';

/** Which findings belong to which line of the report. */
const LINES: Record<CheckName, CheckedName> = {
  'ledger-integrity': 'ledger',
  'blob-missing': 'documents',
  'blob-corrupt': 'documents',
  'blob-unused': 'left-overs',
  'document-expired': 'left-overs',
  'document-stuck': 'derived',
  'document-retry': 'derived',
  'derived-missing': 'derived',
  'derived-unused': 'left-overs',
  'index-corrupt': 'index',
  'index-missing': 'index',
  'index-surplus': 'index',
  'index-orphan': 'left-overs',
  'search-blind': 'search',
  'generation-outdated': 'index',
  'temporary-files': 'left-overs',
  'check-failed': 'search',
};
const SHOWN: readonly CheckedName[] = ['documents', 'derived', 'index', 'search', 'left-overs'];

export interface Knowledge {
  outcomes: CheckOutcome[];
  findings: Finding[];
  checked: Checked;
}

export const NOTHING_CHECKED: Checked = { documents: 0, blobs: 0, chunks: 0, samples: 0 };

/** Beside a service at work or without one. Runs that repair are left to its workers. */
export async function examineStores({ configuration, folder, fix, deep }: Place): Promise<Knowledge> {
  const alone = existsSync(folder.hubSocket) ? {} : { channel: new MemoryChannel() };
  await using stores = await openStores(configuration, alone);
  const { findings, checked } = await examine(stores, { fix, deep, withoutLedger: true });
  if (findings.some((finding) => finding.fixed)) stores.channel.publish(RUNS_AVAILABLE, '');
  return { findings, checked, outcomes: SHOWN.map((line) => outcomeOf(line, findings, checked)) };
}

/** What cannot be looked at without ledger, index or model. */
export function unexamined(error: unknown): Knowledge {
  const why = reasonOf(error);
  const outcomes = SHOWN.map((line) => unknown(line, { en: `Not looked at: ${why}`, zh: `未检查：${why}` }));
  return { outcomes, findings: [], checked: NOTHING_CHECKED };
}

function outcomeOf(check: CheckedName, findings: readonly Finding[], checked: Checked): CheckOutcome {
  const own = findings.filter((finding) => LINES[finding.check] === check);
  const open = own.filter(({ fixed }) => !fixed);
  const isUnasked = check === 'search' && own.length + checked.samples === 0 && checked.documents > 0;
  if (isUnasked)
    return unknown(check, { en: 'Not asked: no index is ready for it.', zh: '未查询：没有可用的索引。' });
  const worst = own.some(({ severity }) => severity === 'error')
    ? 'failed'
    : own.some(({ severity }) => severity === 'warning')
      ? 'warning'
      : 'ok';
  const evidence =
    own.length === 0 ? wellWords(check, checked) : foundWords(own.length, own.length - open.length);
  return {
    check,
    result: worst,
    subject: '',
    evidence,
    repair: own.length === 0 ? null : { en: 'See below.', zh: '见下文。' },
    fixable: worst !== 'ok',
    fixed: worst !== 'ok' && open.every(({ severity }) => severity === 'notice'),
  };
}

function wellWords(check: CheckedName, { documents, blobs, chunks, samples }: Checked): Words {
  switch (check) {
    case 'documents':
      return { en: `${documents} documents, ${blobs} files`, zh: `${documents} 份文档，${blobs} 个文件` };
    case 'index':
      return { en: `${chunks} chunks, as the ledger has them`, zh: `${chunks} 个片段，与账本一致` };
    case 'search':
      return {
        en: `${samples} sample queries found what is there`,
        zh: `${samples} 次抽样查询均找到应有内容`,
      };
    case 'left-overs':
      return { en: 'none', zh: '无' };
    default:
      return { en: 'as it has to be', zh: '正常' };
  }
}

function foundWords(count: number, fixed: number): Words {
  return {
    en: `${count} found${fixed > 0 ? `, ${fixed} repaired or under way` : ''}`,
    zh: `发现 ${count} 项${fixed > 0 ? `，其中 ${fixed} 项已修复或正在修复` : ''}`,
  };
}
