import { Button } from 'antd';
import { listDocuments } from '../../api/knowledge.ts';
import { currentWorkspace, session } from '../../api/session.ts';
import type { KnowledgeBase } from '../../api/types.ts';
import { useLanguage, useText } from '../../i18n/text.ts';
import { Logo } from '../../shell/logo.tsx';
import { navigate } from '../../shell/router.ts';
import { useObservable } from '../../store/observable.ts';
import { useLoad } from '../../store/use-load.ts';
import { suggestedQuestions } from './suggested-questions.ts';

export interface WelcomeProps {
  bases: readonly KnowledgeBase[] | null;
  baseIds: readonly string[] | null;
  onAsk: (text: string) => void;
}

/** The empty conversation: what can be asked of these documents. */
export function Welcome({ bases, baseIds, onAsk }: WelcomeProps) {
  const t = useText();
  const role = currentWorkspace(useObservable(session))?.role;
  const base = bases?.find(({ id }) => id === baseIds?.[0]);
  const documents = useLoad(base?.id ?? '', async (signal) =>
    base === undefined ? [] : (await listDocuments(base.id, { limit: 30, signal })).data,
  );
  const questions = suggestedQuestions(t, useLanguage(), base, documents.value ?? []);
  const isWithoutDocuments = bases !== null && bases.every((other) => (other.file_counts?.total ?? 1) === 0);

  return (
    <div className="welcome">
      <Logo size={52} />
      <h1>{t('welcome.title')}</h1>
      <p>{t('welcome.text')}</p>
      {isWithoutDocuments && role !== 'reader' && (
        <Button type="primary" onClick={() => navigate('knowledge')}>
          {t('welcome.addDocuments')}
        </Button>
      )}
      <ul className="suggestions">
        {questions.map((question) => (
          <li key={question}>
            <button type="button" onClick={() => onAsk(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
