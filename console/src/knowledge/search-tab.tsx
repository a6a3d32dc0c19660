import { Input } from 'antd';
import { useRef, useState } from 'react';
import { searchKnowledge } from '../api/knowledge.ts';
import type { KnowledgeBase, SearchResult } from '../api/types.ts';
import { useText } from '../i18n/text.ts';
import { ErrorNotice } from '../shell/error-notice.tsx';
import { highlight } from './highlight.ts';
import { placeOf } from './place.ts';

/** Tries retrieval alone: which passages a question would find. */
export function SearchTab({ base }: { base: KnowledgeBase }) {
  const t = useText();
  const [state, setState] = useState<{ query: string; results: SearchResult[] | null; error: unknown }>({
    query: '',
    results: null,
    error: null,
  });
  const [busy, setBusy] = useState(false);
  const latest = useRef<AbortController | null>(null);

  const search = async (typed: string) => {
    const query = typed.trim();
    if (query === '') return;
    latest.current?.abort();
    const controller = new AbortController();
    latest.current = controller;
    setBusy(true);
    try {
      const list = await searchKnowledge(base.id, query, controller.signal);
      if (!controller.signal.aborted) setState({ query, results: list.data, error: null });
    } catch (error) {
      if (!controller.signal.aborted) setState({ query, results: null, error });
    } finally {
      if (latest.current === controller) setBusy(false);
    }
  };

  return (
    <div className="retrieval">
      <p className="muted">{t('retrieval.intro')}</p>
      <Input.Search
        size="large"
        allowClear
        enterButton={t('retrieval.search')}
        loading={busy}
        placeholder={t('retrieval.placeholder')}
        aria-label={t('retrieval.placeholder')}
        onSearch={(typed) => void search(typed)}
      />
      {state.error !== null && <ErrorNotice error={state.error} onRetry={() => void search(state.query)} />}
      {state.results?.length === 0 && <p className="muted">{t('retrieval.nothing')}</p>}
      <ol className="results" aria-live="polite">
        {state.results?.map((result, position) => (
          <ResultItem
            key={result.chunk_id ?? `${result.file_id}:${position}`}
            result={result}
            query={state.query}
            bestScore={state.results?.[0]?.score ?? 0}
          />
        ))}
      </ol>
    </div>
  );
}

interface ResultItemProps {
  result: SearchResult;
  query: string;
  bestScore: number;
}

/** Scores only rank the passages of one question, so the bar compares with the best of them. */
function ResultItem({ result, query, bestScore }: ResultItemProps) {
  const t = useText();
  const share = bestScore > 0 ? Math.min(Math.max(result.score / bestScore, 0), 1) : 0;
  const text = result.content.map((part) => part.text).join('\n');
  return (
    <li>
      <header>
        <strong>{result.filename}</strong>
        <span className="score" title={`${t('retrieval.score')} ${result.score.toFixed(3)}`}>
          <i style={{ width: `${Math.round(share * 100)}%` }} />
        </span>
      </header>
      <p className="muted small">{placeOf(t, result)}</p>
      <p className="result-text">
        {highlight(text, query).map((piece) =>
          piece.isHit ? (
            <mark key={piece.start}>{piece.text}</mark>
          ) : (
            <span key={piece.start}>{piece.text}</span>
          ),
        )}
      </p>
    </li>
  );
}
