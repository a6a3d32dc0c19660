import { Button } from 'antd';
import { useState } from 'react';
import {
  type DependencyState,
  listDependencies,
  listDependencyChanges,
  listModels,
} from '../../api/operations.ts';
import { session } from '../../api/session.ts';
import { failureText } from '../../i18n/error-text.ts';
import { formatDateTime, formatDuration, formatNumber } from '../../i18n/format.ts';
import { type Translate, useLanguage, useText } from '../../i18n/text.ts';
import { useObservable } from '../../store/observable.ts';
import { usePoll } from '../../store/use-poll.ts';
import { FirstPicture, StaleMark } from '../live-mark.tsx';
import { type DependencyFacts, factsOf, inOrder } from './dependency-facts.ts';
import { nameOf } from './dependency-name.ts';
import { ForceForm } from './force-form.tsx';

const INTERVAL_MS = 2_000;

/** What answers rest on, with its breaker, which an operator may set by hand. */
export function Dependencies({ onChanged }: { onChanged: () => void }) {
  const t = useText();
  const isOperator = useObservable(session).account?.operator === true;
  const dependencies = usePoll(
    'dependencies',
    async (signal) => inOrder(...(await Promise.all([listDependencies(signal), listModels(signal)]))),
    INTERVAL_MS,
  );
  const [setting, setSetting] = useState<DependencyState | null>(null);
  return (
    <section aria-labelledby="dependencies">
      <h2 id="dependencies" className="section-title">
        {t('dependency.title')} <span className="muted small">{t('dependency.text')}</span>
      </h2>
      <StaleMark of={[dependencies]} />
      <FirstPicture of={dependencies} />
      {dependencies.value?.length === 0 && <p className="muted">{t('dependency.none')}</p>}
      <ul className="cards">
        {dependencies.value?.map(({ dependency, position }) => (
          <DependencyCard
            key={dependency.name}
            dependency={dependency}
            position={position}
            onSet={isOperator ? () => setSetting(dependency) : null}
          />
        ))}
      </ul>
      {isOperator && <Changes key={dependencies.value?.map(({ dependency }) => dependency.forced).join()} />}
      {setting !== null && (
        <ForceForm
          dependency={setting}
          onClose={() => setSetting(null)}
          onSet={() => {
            setSetting(null);
            dependencies.readNow();
            onChanged();
          }}
        />
      )}
    </section>
  );
}

interface DependencyCardProps {
  dependency: DependencyState;
  /** Of a model, in the order in which they are tried. */
  position: number | null;
  onSet: (() => void) | null;
}

const TONES = { well: 'good', trying: 'warn', partly: 'warn', open: 'bad' } as const;

function DependencyCard({ dependency, position, onSet }: DependencyCardProps) {
  const t = useText();
  const language = useLanguage();
  const facts = factsOf(dependency);
  const { override } = dependency;
  const name = nameOf(t, dependency.name);
  const role =
    position === null
      ? t(`dependencyKind.${dependency.kind as 'model'}`)
      : t('dependency.position', { position: position + 1 });
  return (
    <li className="card" data-dependency={dependency.name}>
      <div className="card-head">
        <div>
          <strong>{name}</strong>
          {role !== name && <span className="muted small">{role}</span>}
        </div>
        <span className={`state is-${TONES[facts.state]}`}>{stateText(t, facts)}</span>
      </div>
      {dependency.forced !== 'auto' && override !== null && (
        <p className="notice is-warn small">
          {t(`forced.${dependency.forced}`)} · {formatDateTime(language, override.created_at)}
          {override.note !== null && ` · ${override.note}`}
        </p>
      )}
      <CardFacts facts={facts} />
      {onSet !== null && (
        <div className="row-end">
          <Button size="small" onClick={onSet} aria-label={t('force.of', { name })}>
            {t('force.open')}
          </Button>
        </div>
      )}
    </li>
  );
}

function CardFacts({ facts }: { facts: DependencyFacts }) {
  const t = useText();
  const language = useLanguage();
  const error = facts.lastError;
  const rows: [label: string, value: string][] = [
    [t('dependency.since'), facts.since === null ? '–' : formatDateTime(language, facts.since)],
    [t('dependency.p95'), facts.p95Ms === null ? '–' : formatDuration(language, facts.p95Ms / 1_000)],
    [
      t('dependency.calls'),
      t('dependency.callsOf', {
        calls: formatNumber(language, facts.calls),
        failures: formatNumber(language, facts.failures),
        refused: formatNumber(language, facts.refused),
      }),
    ],
    [t('dependency.inFlight'), formatNumber(language, facts.inFlight)],
  ];
  if (facts.nextTryAt !== null)
    rows.push([t('dependency.nextTry'), formatDateTime(language, facts.nextTryAt)]);
  return (
    <>
      <dl className="facts">
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {error !== null && (
        <p className="small bad" title={error.message}>
          {t('dependency.lastError', {
            time: formatDateTime(language, error.at),
            what: failureText(t, error.code, error.message).what,
          })}
        </p>
      )}
    </>
  );
}

/** Who has set what by hand lately. */
function Changes() {
  const t = useText();
  const language = useLanguage();
  const changes = usePoll('changes', listDependencyChanges, 30_000);
  if (changes.value === null || changes.value.length === 0) return null;
  return (
    <details className="more">
      <summary>{t('dependency.changes', { count: changes.value.length })}</summary>
      <ul className="lines">
        {changes.value.slice(0, 20).map(({ version, name, forced, note, created_at }) => (
          <li key={version}>
            <span className="muted small">{formatDateTime(language, created_at)}</span>
            <strong>{nameOf(t, name)}</strong>
            <span>{t(`forced.${forced}`)}</span>
            {note !== null && <span className="muted">{note}</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}

function stateText(t: Translate, { state, away, processes }: DependencyFacts): string {
  return t(`dependencyState.${state}`, { away, processes });
}
