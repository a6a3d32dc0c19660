import { Button, Input, Select, Tabs } from 'antd';
import { useId, useState } from 'react';
import { createGoldenSet, deleteGoldenSet, type GoldenSet, listGoldenSets } from '../api/evaluation.ts';
import { listKnowledgeBases } from '../api/knowledge.ts';
import { session } from '../api/session.ts';
import { inLanguage } from '../i18n/bilingual.ts';
import { useLanguage, useText } from '../i18n/text.ts';
import { FormDialog } from '../shell/form-dialog.tsx';
import { Loading } from '../shell/loading.tsx';
import { hrefOf, navigate } from '../shell/router.ts';
import { useFeedback } from '../shell/use-feedback.ts';
import { useObservable } from '../store/observable.ts';
import { useLoad } from '../store/use-load.ts';
import { VerdictMark } from './checks.tsx';
import { QuestionsTab } from './questions-tab.tsx';
import { ResultsTab } from './results-tab.tsx';
import '../knowledge/knowledge.css';
import '../resilience/grid-table.css';
import '../resilience/resilience.css';
import './quality.css';

/** Golden sets: questions with known answers, and how well they were answered. */
export default function QualityRoom({ id }: { id: string | null }) {
  const t = useText();
  const { generation } = useObservable(session);
  const sets = useLoad(`golden-sets:${generation}`, listGoldenSets);
  const [isAdding, setAdding] = useState(false);
  const set = sets.value?.find((one) => one.id === id) ?? null;
  return (
    <div className="page resilience quality">
      <header className="page-head">
        <div>
          <h1>{set === null ? t('room.quality') : set.name}</h1>
          <p className="muted">{set === null ? t('quality.intro') : (set.description ?? '')}</p>
        </div>
        {set === null ? (
          <Button type="primary" onClick={() => setAdding(true)}>
            {t('quality.newSet')}
          </Button>
        ) : (
          <a href={hrefOf('quality')}>{t('quality.allSets')}</a>
        )}
      </header>
      <Loading of={sets} />
      {set === null && sets.value !== null && (
        <SetList sets={sets.value} onChanged={() => void sets.reload()} />
      )}
      {set !== null && <SetPage key={set.id} set={set} onChanged={() => void sets.reload()} />}
      {isAdding && (
        <SetForm
          onClose={() => setAdding(false)}
          onSaved={(made) => {
            setAdding(false);
            void sets.reload().then(() => navigate('quality', made.id));
          }}
        />
      )}
    </div>
  );
}

function SetList({ sets, onChanged }: { sets: readonly GoldenSet[]; onChanged: () => void }) {
  const t = useText();
  const { confirm, fail } = useFeedback();
  const remove = async (set: GoldenSet) => {
    const text = t('quality.deleteSetText', { name: set.name });
    const asked = { title: t('quality.deleteSetTitle'), text, action: t('action.delete'), danger: true };
    if (!(await confirm(asked))) return;
    await deleteGoldenSet(set.id);
    onChanged();
  };
  if (sets.length === 0) return <p className="muted">{t('quality.noSets')}</p>;
  return (
    <ul className="lines">
      {sets.map((set) => (
        <li key={set.id} data-set={set.name} className="set-card">
          <span>
            <a href={hrefOf('quality', set.id)}>
              <strong>{set.name}</strong>
            </a>{' '}
            <span className="muted small">
              {t('quality.counts', { questions: set.questions, drafts: set.drafts })}
              {set.baseline_id === null && ` · ${t('quality.noBaseline')}`}
            </span>
          </span>
          <span className="toolbar">
            {set.last_verdict !== null && <VerdictMark verdict={set.last_verdict} />}
            <Button
              size="small"
              danger
              aria-label={t('quality.deleteOf', { name: set.name })}
              onClick={() => void remove(set).catch(fail)}
            >
              {t('action.delete')}
            </Button>
          </span>
        </li>
      ))}
    </ul>
  );
}

function SetPage({ set, onChanged }: { set: GoldenSet; onChanged: () => void }) {
  const t = useText();
  return (
    <Tabs
      destroyOnHidden
      items={[
        {
          key: 'results',
          label: t('quality.tab.results'),
          children: <ResultsTab set={set} onChanged={onChanged} />,
        },
        {
          key: 'questions',
          label: t('quality.tab.questions', { count: set.questions + set.drafts }),
          children: <QuestionsTab set={set} onChanged={onChanged} />,
        },
      ]}
    />
  );
}

function SetForm({ onClose, onSaved }: { onClose: () => void; onSaved: (made: GoldenSet) => void }) {
  const t = useText();
  const language = useLanguage();
  const id = useId();
  const { generation } = useObservable(session);
  const bases = useLoad(`bases:${generation}`, listKnowledgeBases);
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<string[]>([]);
  return (
    <FormDialog
      title={t('quality.newSet')}
      action={t('action.save')}
      isReady={name.trim() !== ''}
      onSubmit={async () => onSaved(await createGoldenSet(name.trim(), chosen))}
      onClose={onClose}
    >
      <label htmlFor={`${id}-name`}>{t('quality.setName')}</label>
      <Input
        id={`${id}-name`}
        autoFocus
        maxLength={200}
        value={name}
        onChange={({ target }) => setName(target.value)}
      />
      <label htmlFor={`${id}-bases`}>{t('quality.bases')}</label>
      <Select
        id={`${id}-bases`}
        mode="multiple"
        value={chosen}
        placeholder={t('quality.defaultBase')}
        onChange={setChosen}
        options={(bases.value ?? []).map((base) => ({
          value: base.id,
          label: inLanguage(language, base.name),
        }))}
      />
    </FormDialog>
  );
}
