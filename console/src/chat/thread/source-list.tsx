import { useText } from '../../i18n/text.ts';
import { placeOf } from '../../knowledge/place.ts';
import type { Source } from '../engine/citation-marks.ts';

/** The innermost heading says where a passage is; the outer ones repeat the title of the document. */
const maxShownHeadings = 1;

export interface SourceListProps {
  sources: readonly Source[];
  activeSource: Source | null;
  onOpen: (source: Source) => void;
}

export function SourceList({ sources, activeSource, onOpen }: SourceListProps) {
  const t = useText();
  return (
    <section className="sources" aria-label={t('source.list')}>
      <h3>{t('source.list')}</h3>
      <ol>
        {sources.map((source) => {
          const { citation, number } = source;
          const place = placeOf(t, {
            ...citation,
            heading_path: (citation.heading_path ?? []).slice(-maxShownHeadings),
          });
          const isActive = activeSource?.citation === citation;
          return (
            <li key={number}>
              <button type="button" className={isActive ? 'is-active' : ''} onClick={() => onOpen(source)}>
                <span className="mark">{number}</span>
                <span className="source-name">{citation.filename}</span>
                {place !== '' && <span className="source-place">{place}</span>}
              </button>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
