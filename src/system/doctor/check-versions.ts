import { readFileSync } from 'node:fs';
import type { Ledger } from '../../ledger/ledger.ts';
import { SCHEMA_VERSION } from '../../ledger/schema.ts';
import { listProcesses } from '../process-table.ts';
import { VERSION } from '../version.ts';
import { type CheckOutcome, found, ok, type Place } from './check.ts';

/** The program, the schema, Node, and what runs on this and other machines. */
export async function checkVersions(_: Place, ledger: Ledger | null): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  const pinned = pinnedNodeVersion();
  const running = process.versions.node;
  if (pinned !== null && pinned !== running) {
    outcomes.push(
      found('warning', 'versions', {
        subject: 'node',
        evidence: {
          en: `This runs under Node ${running}; the program is tested with ${pinned}.`,
          zh: `当前使用 Node ${running}；本程序用 ${pinned} 测试。`,
        },
        repair: {
          en: 'Start it with `npm run up` or `budao`, which take the right one; if it is missing: npm ci.',
          zh: '请用 `npm run up` 或 `budao` 启动，它们会用正确的版本；若缺失，请运行 npm ci。',
        },
      }),
    );
  }
  const processes = ledger === null ? [] : await listProcesses(ledger.read).catch(() => []);
  const others = processes.filter(({ version }) => version !== VERSION);
  if (others.length > 0) {
    const named = [...new Set(others.map(({ node, version }) => `${node ?? '?'}: ${version}`))].join(', ');
    outcomes.push(
      found('warning', 'versions', {
        subject: 'processes',
        evidence: {
          en: `This program is ${VERSION}, and ${others.length} processes run another version (${named}).`,
          zh: `本程序为 ${VERSION}，有 ${others.length} 个进程运行其他版本（${named}）。`,
        },
        repair: {
          en: 'Restart the service there, one node after another, with the same version.',
          zh: '逐个节点用同一版本重启服务。',
        },
      }),
    );
  }
  if (outcomes.length > 0) return outcomes;
  const evidence = `Budao ${VERSION}, schema ${SCHEMA_VERSION}, Node ${running}`;
  const alike = processes.length === 0 ? '' : `; ${processes.length} processes alike`;
  return [
    ok('versions', {
      en: `${evidence}${alike}`,
      zh: `${evidence}${processes.length === 0 ? '' : `；${processes.length} 个进程版本一致`}`,
    }),
  ];
}

/** As the program's own manifest has it; a kit leaves it there. */
function pinnedNodeVersion(): string | null {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { devDependencies?: { node?: string } }).devDependencies?.node ?? null;
}
