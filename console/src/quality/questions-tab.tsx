import { Button, Input } from 'antd';
import { useId, useRef, useState } from 'react';
import { ApiError } from '../api/api-error.ts';
import {
  addQuestion,
  changeQuestion,
  deleteQuestion,
  draftQuestions,
  exportQuestions,
  type GoldenQuestion,
  type GoldenSet,
  importQuestions,
  listQuestions,
  type StoredQuestion,
} from '../api/evaluation.ts';
import { useText } from '../i18n/text.ts';
import { download } from '../shell/download.ts';
import { ErrorNotice } from '../shell/error-notice.tsx';
import { FormDialog } from '../shell/form-dialog.tsx';
import { Loading } from '../shell/loading.tsx';
import { useFeedback } from '../shell/use-feedback.ts';
import { useLoad } from '../store/use-load.ts';
import { followRun } from './follow-run.ts';

/** The questions of a set. Drafts come first: they wait for a person. */
export function QuestionsTab({ set, onChanged }: { set: GoldenSet; onChanged: () => void }) {
  const t = useText();
  const { fail, tell } = useFeedback();
  const questions = useLoad(`questions:${set.id}`, (signal) => listQuestions(set.id, signal));
  const [editing, setEditing] = useState<StoredQuestion | 'new' | null>(null);
  const [drafting, setDrafting] = useState(false);
  const [refusal, setRefusal] = useState<unknown>(null);
  const file = useRef<HTMLInputElement>(null);
  const changed = () => {
    void questions.reload();
    onChanged();
  };
  const importFile = async (chosen: File) => {
    setRefusal(null);
    try {
      const { imported } = await importQuestions(set.id, await chosen.text());
      tell(t('quality.imported', { count: imported }));
      changed();
    } catch (error) {
      // All broken lines are named: too much for a short message.
      setRefusal(error);
    }
  };
  const draft = async () => {
    setDrafting(true);
    try {
      await followRun((await draftQuestions(set.id)).run_id);
    } finally {
      setDrafting(false);
      changed();
    }
  };
  const sorted = (questions.value ?? []).toSorted(
    (a, b) => Number(b.state === 'draft') - Number(a.state === 'draft') || a.position - b.position,
  );
  return (
    <div className="stack-wide">
      <div className="toolbar">
        <Button type="primary" onClick={() => setEditing('new')}>
          {t('quality.add')}
        </Button>
        <Button onClick={() => file.current?.click()}>{t('quality.import')}</Button>
        <input
          ref={file}
          hidden
          type="file"
          accept=".jsonl,.ndjson,.txt"
          aria-label={t('quality.import')}
          onChange={({ target }) => {
            const [chosen] = target.files ?? [];
            if (chosen !== undefined) void importFile(chosen);
            target.value = '';
          }}
        />
        <Button
          disabled={set.questions === 0}
          onClick={() =>
            void exportQuestions(set.id).then((blob) => download(blob, `${set.name}.jsonl`), fail)
          }
        >
          {t('quality.export')}
        </Button>
        <Button loading={drafting} onClick={() => void draft().catch(fail)}>
          {t('quality.draft')}
        </Button>
      </div>
      {refusal !== null && <ErrorNotice error={refusal} />}
      {refusal instanceof ApiError && <pre className="broken-lines small">{refusal.message}</pre>}
      <Loading of={questions} />
      {questions.value?.length === 0 && <p className="muted">{t('quality.noQuestions')}</p>}
      <ul className="lines">
        {sorted.map((one) => (
          <QuestionLine
            key={one.id}
            stored={one}
            onEdit={() => setEditing(one)}
            onApprove={() => void changeQuestion(set.id, one.id, { state: 'approved' }).then(changed, fail)}
            onDelete={() => void deleteQuestion(set.id, one.id).then(changed, fail)}
          />
        ))}
      </ul>
      {editing !== null && (
        <QuestionForm
          set={set}
          stored={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
          onSaved={() => {
            setEditing(null);
            changed();
          }}
        />
      )}
    </div>
  );
}

function QuestionLine(props: {
  stored: StoredQuestion;
  onEdit: () => void;
  onApprove: () => void;
  onDelete: () => void;
}) {
  const { stored, onEdit, onApprove, onDelete } = props;
  const t = useText();
  const { question, state, origin } = stored;
  const name = question.question;
  return (
    <li data-question={stored.id} className="row-between">
      <div className="answer-text">
        <strong>{name}</strong>{' '}
        {state === 'draft' && <span className="state is-warn">{t('quality.state.draft')}</span>}
        <br />
        <span className="muted small">
          {question.category === 'unanswerable'
            ? t('quality.unanswerable')
            : [
                question.facts.map((forms) => forms[0]).join('、'),
                question.sources
                  .map(({ document, article }) => `${document} ${article ?? ''}`.trim())
                  .join('、'),
              ]
                .filter((part) => part !== '')
                .join(' · ')}
          {' · '}
          {t(`quality.origin.${origin}`)}
        </span>
      </div>
      <span className="toolbar">
        {state === 'draft' && (
          <Button size="small" aria-label={t('quality.approveOf', { name })} onClick={onApprove}>
            {t('quality.approve')}
          </Button>
        )}
        <Button size="small" aria-label={t('quality.editOf', { name })} onClick={onEdit}>
          {t('quality.edit')}
        </Button>
        <Button size="small" danger aria-label={t('quality.deleteOf', { name })} onClick={onDelete}>
          {t('action.delete')}
        </Button>
      </span>
    </li>
  );
}

function QuestionForm(props: {
  set: GoldenSet;
  stored: StoredQuestion | null;
  onClose: () => void;
  onSaved: () => void;
}) {
  const { set, stored, onClose, onSaved } = props;
  const t = useText();
  const id = useId();
  const [text, setText] = useState(stored?.question.question ?? '');
  const [facts, setFacts] = useState(
    (stored?.question.facts ?? []).map((forms) => forms.join(' | ')).join('\n'),
  );
  const [sources, setSources] = useState(
    (stored?.question.sources ?? [])
      .map(({ document, article }) => [document, article].filter(Boolean).join(' | '))
      .join('\n'),
  );
  const save = async () => {
    const wanted = { text: text.trim(), facts: cellsOf(facts), sources: cellsOf(sources) };
    const question = questionOf(stored?.question ?? null, wanted);
    if (stored === null) await addQuestion(set.id, question);
    else await changeQuestion(set.id, stored.id, { question: { ...question, id: stored.question.id } });
    onSaved();
  };
  return (
    <FormDialog
      title={t(stored === null ? 'quality.add' : 'quality.edit')}
      action={t('action.save')}
      widthPx={600}
      isReady={text.trim() !== ''}
      onSubmit={save}
      onClose={onClose}
    >
      <label htmlFor={`${id}-text`}>{t('quality.question')}</label>
      <Input.TextArea
        id={`${id}-text`}
        autoFocus
        rows={2}
        maxLength={8_000}
        value={text}
        onChange={({ target }) => setText(target.value)}
      />
      <label htmlFor={`${id}-facts`}>{t('quality.facts')}</label>
      <Input.TextArea
        id={`${id}-facts`}
        rows={3}
        value={facts}
        onChange={({ target }) => setFacts(target.value)}
      />
      <p className="muted small">{t('quality.factsText')}</p>
      <label htmlFor={`${id}-sources`}>{t('quality.sources')}</label>
      <Input.TextArea
        id={`${id}-sources`}
        rows={2}
        value={sources}
        onChange={({ target }) => setSources(target.value)}
      />
      <p className="muted small">{t('quality.sourcesText')}</p>
    </FormDialog>
  );
}

/** A line for each, its parts between bars. */
function cellsOf(text: string): string[][] {
  return text
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .filter((line) => line.length > 0);
}

function questionOf(
  before: GoldenQuestion | null,
  { text, facts, sources }: { text: string; facts: string[][]; sources: string[][] },
): Omit<GoldenQuestion, 'id'> {
  const isUnanswerable = facts.length === 0 && sources.length === 0;
  const known = before?.category === 'unanswerable' ? 'other' : (before?.category ?? 'other');
  return {
    language: 'zh',
    answer: '',
    any: true,
    style: 'other',
    ...before,
    question: text,
    facts,
    sources: sources.map(([document = '', article]) =>
      article === undefined ? { document } : { document, article },
    ),
    category: isUnanswerable ? 'unanswerable' : known,
  };
}
