import { type Alert, listResolved, listRules } from '../../api/operations.ts';
import { session } from '../../api/session.ts';
import { useText } from '../../i18n/text.ts';
import { useObservable } from '../../store/observable.ts';
import { type LivePicture, usePoll } from '../../store/use-poll.ts';
import { FirstPicture } from '../live-mark.tsx';
import { byRule } from './by-rule.ts';
import { Channels } from './channels.tsx';
import { FiringCard } from './firing-card.tsx';
import { RecentAlerts } from './recent-alerts.tsx';
import { Silences } from './silences.tsx';

const INTERVAL_MS = 5_000;

/** What is wrong and what to do about it, what was, and who is told. */
export function AlertsTab({ firing }: { firing: LivePicture<Alert[]> }) {
  const t = useText();
  const isOperator = useObservable(session).account?.operator === true;
  const rules = usePoll('rules', listRules, INTERVAL_MS);
  const resolved = usePoll('resolved', listResolved, INTERVAL_MS);
  const changed = () => {
    firing.readNow();
    rules.readNow();
  };
  return (
    <div className="stack-wide">
      <section aria-labelledby="firing">
        <h2 id="firing" className="section-title">
          {t('alert.firing')}
        </h2>
        <FirstPicture of={firing} />
        {firing.value?.length === 0 && <p className="notice is-good">{t('alert.none')}</p>}
        <ul className="stack-wide">
          {byRule(firing.value ?? []).map((group) => (
            <FiringCard
              key={group.rule}
              group={group}
              silencedUntil={rules.value?.find(({ id }) => id === group.rule)?.silenced_until ?? null}
              onChanged={isOperator ? changed : null}
            />
          ))}
        </ul>
      </section>
      <Silences rules={rules.value ?? []} onChanged={isOperator ? changed : null} />
      <RecentAlerts resolved={resolved} />
      <section aria-labelledby="channels">
        <h2 id="channels" className="section-title">
          {t('channel.title')} <span className="muted small">{t('channel.text')}</span>
        </h2>
        {isOperator ? <Channels /> : <p className="muted">{t('channel.operatorsOnly')}</p>}
      </section>
    </div>
  );
}
