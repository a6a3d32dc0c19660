import type { ProcessState, SystemStatus } from '../../api/operations.ts';
import {
  formatBytes,
  formatDateTime,
  formatDuration,
  formatNumber,
  formatPercent,
} from '../../i18n/format.ts';
import { hasText, type Translate, useLanguage, useText } from '../../i18n/text.ts';
import type { LivePicture } from '../../store/use-poll.ts';
import { FirstPicture } from '../live-mark.tsx';
import { missingWorkers } from './missing-workers.ts';

export function NodesTab({ status }: { status: LivePicture<SystemStatus> }) {
  const t = useText();
  const processes = status.value?.processes ?? [];
  const nodes = [...new Set(processes.map(({ node }) => node))];
  return (
    <div className="stack-wide">
      <FirstPicture of={status} />
      {status.value !== null && processes.length === 0 && <p className="muted">{t('nodes.none')}</p>}
      {status.value !== null &&
        nodes.map((node) => (
          <NodeSection
            key={node ?? ''}
            node={node}
            processes={processes.filter((process) => process.node === node)}
            now={status.value?.now ?? 0}
          />
        ))}
    </div>
  );
}

interface NodeSectionProps {
  node: string | null;
  processes: readonly ProcessState[];
  /** By the server's clock, in seconds. */
  now: number;
}

function NodeSection({ node, processes, now }: NodeSectionProps) {
  const t = useText();
  const missing = missingWorkers(processes);
  const host = processes.find((process) => process.host !== null)?.host ?? null;
  const name = node ?? host ?? '–';
  const versions = [...new Set(processes.map(({ version }) => version))];
  const sorted = processes.toSorted(
    (one, other) => rankOf(one.role) - rankOf(other.role) || one.started_at - other.started_at,
  );
  return (
    <section aria-label={t('nodes.node', { name })} className="node">
      <h2 className="section-title">
        {t('nodes.node', { name })}
        {host !== null && host !== name && <span className="muted small">{host}</span>}
        {missing > 0 && <span className="state is-warn">{t('summary.missing', { count: missing })}</span>}
        {versions.length > 1 ? (
          <span className="state is-warn">{t('nodes.versions')}</span>
        ) : (
          <span className="muted small">{t('nodes.version', { version: versions[0] ?? '–' })}</span>
        )}
      </h2>
      <table className="grid-table">
        <thead>
          <tr>
            <th scope="col">{t('process.role')}</th>
            <th scope="col">{t('process.state')}</th>
            {versions.length > 1 && <th scope="col">{t('process.version')}</th>}
            <th scope="col">{t('process.started')}</th>
            {NUMBERS.map((key) => (
              <th key={key} scope="col" className="number">
                {t(`process.${key}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((process) => (
            <ProcessRow key={process.id} process={process} now={now} showsVersion={versions.length > 1} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

const NUMBERS = ['heartbeat', 'load', 'memory', 'lag', 'runs'] as const;
const TONES = { ready: 'good', starting: 'open', leaving: 'open', silent: 'bad' } as const;

const ROLES = ['supervisor', 'api', 'worker', 'parser'];

function rankOf(role: string): number {
  const rank = ROLES.indexOf(role);
  return rank === -1 ? ROLES.length : rank;
}

interface ProcessRowProps {
  process: ProcessState;
  now: number;
  showsVersion: boolean;
}

function ProcessRow({ process, now, showsVersion }: ProcessRowProps) {
  const t = useText();
  const language = useLanguage();
  const { load } = process;
  const measured = (value: number | null | undefined, show: (value: number) => string) =>
    value === null || value === undefined ? '–' : show(value);
  const numbers: Record<(typeof NUMBERS)[number], string> = {
    heartbeat: formatDuration(language, Math.max(1, now - process.seen_at)),
    load: measured(load?.cpu_cores, (cores) => formatPercent(language, cores)),
    memory: measured(load?.memory_bytes, (bytes) => formatBytes(language, bytes)),
    lag: measured(load?.loop_lag_seconds, (seconds) => formatDuration(language, seconds)),
    runs: formatNumber(language, process.run_count),
  };
  return (
    <tr data-process={process.id} data-role={process.role}>
      <th scope="row">
        {roleOf(t, process.role)} <span className="muted small">{process.pid}</span>
      </th>
      <td className="is-mark">
        <span className={`state is-${TONES[process.state]}`}>{t(`processState.${process.state}`)}</span>
      </td>
      {showsVersion && <td data-label={t('process.version')}>{process.version}</td>}
      <td data-label={t('process.started')}>{formatDateTime(language, process.started_at)}</td>
      {NUMBERS.map((key) => (
        <td key={key} className="number" data-label={t(`process.${key}`)}>
          {numbers[key]}
        </td>
      ))}
    </tr>
  );
}

function roleOf(t: Translate, role: string): string {
  const key = `processRole.${role}`;
  return hasText(key) ? t(key) : role;
}
