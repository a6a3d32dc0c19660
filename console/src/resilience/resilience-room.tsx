import { Tabs } from 'antd';
import type { ReactNode } from 'react';
import { listFiring, listQueues, readModes, readStatus } from '../api/operations.ts';
import { useText } from '../i18n/text.ts';
import { navigate } from '../shell/router.ts';
import { usePoll } from '../store/use-poll.ts';
import { AlertsTab } from './alerts/alerts-tab.tsx';
import { BackupTab } from './backup/backup-tab.tsx';
import { LiveMark, StaleMark } from './live-mark.tsx';
import { ModesTab } from './modes/modes-tab.tsx';
import { NodesTab } from './nodes/nodes-tab.tsx';
import { RunsTab } from './nodes/runs-tab.tsx';
import { SignalsTab } from './signals-tab.tsx';
import { Summary } from './summary.tsx';
import '../knowledge/knowledge.css';
import '../knowledge/document-details.css';
import './grid-table.css';
import './resilience.css';

const INTERVAL_MS = 2_000;
const TABS = ['nodes', 'runs', 'modes', 'signals', 'alerts', 'backup'] as const;
type ResilienceTab = (typeof TABS)[number];

/** How the service fares, live: who is there, what waits, how questions are answered, what is wrong. */
export default function ResilienceRoom({ id }: { id: string | null }) {
  const t = useText();
  const status = usePoll('status', readStatus, INTERVAL_MS);
  const queues = usePoll('queues', listQueues, INTERVAL_MS);
  const modes = usePoll('modes', readModes, INTERVAL_MS);
  const firing = usePoll('firing', listFiring, INTERVAL_MS);
  const all = [status, queues, modes, firing];
  const views: Record<ResilienceTab, ReactNode> = {
    nodes: <NodesTab status={status} />,
    runs: <RunsTab queues={queues} />,
    modes: <ModesTab modes={modes} />,
    signals: <SignalsTab />,
    alerts: <AlertsTab firing={firing} />,
    backup: <BackupTab />,
  };
  return (
    <div className="page resilience">
      <header className="page-head">
        <div>
          <h1>{t('room.resilience')}</h1>
          <p className="muted">{t('resilience.intro')}</p>
        </div>
        <LiveMark of={all} />
      </header>
      <StaleMark of={all} />
      <Summary status={status.value} queues={queues.value} modes={modes.value} firing={firing.value} />
      <Tabs
        activeKey={TABS.find((tab) => tab === id) ?? TABS[0]}
        onChange={(tab) => navigate('resilience', tab)}
        destroyOnHidden
        items={TABS.map((tab) => ({ key: tab, label: t(`tab.${tab}`), children: views[tab] }))}
      />
    </div>
  );
}
