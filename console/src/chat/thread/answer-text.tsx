import { createContext, memo, type ReactNode, use, useDeferredValue, useMemo } from 'react';
import Markdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { useText } from '../../i18n/text.ts';
import { guardMarks, type Source } from '../engine/citation-marks.ts';
import { remarkCitationMarks } from './remark-citation-marks.ts';

export interface AnswerTextProps {
  text: string;
  isFinished: boolean;
  sources: readonly Source[];
  activeSource: Source | null;
  onOpenSource: (source: Source) => void;
}

interface Marks {
  sources: readonly Source[];
  activeSource: Source | null;
  onOpenSource: (source: Source) => void;
}

const MarksContext = createContext<Marks>({ sources: [], activeSource: null, onOpenSource: () => {} });

/** While the sources of an answer are still coming in, a mark with a number up to this is taken for a citation. */
const maxPendingMark = 50;
/** Keeps a mark on one line with the word before it and the full stop after it. */
const WORD_JOINER = '\u2060';

/** Markdown without raw HTML and without pictures from elsewhere; marks like [1] become buttons. */
export function AnswerText({ text, isFinished, sources, activeSource, onOpenSource }: AnswerTextProps) {
  // Half a mark at the end would flicker between text and button.
  const complete = isFinished ? text : text.replace(/[[【][\d,，、\s]{0,8}$/, '');
  const deferred = useDeferredValue(complete);
  const numbers = sources.map(({ number }) => number).join(',');
  const marks = useMemo(
    () => ({ sources, activeSource, onOpenSource }),
    [sources, activeSource, onOpenSource],
  );
  return (
    <MarksContext value={marks}>
      <div className={isFinished ? 'prose' : 'prose is-growing'}>
        <MarkdownText text={deferred} numbers={isFinished ? numbers : null} />
      </div>
    </MarksContext>
  );
}

/** `numbers`: the sources' numbers, or null while they are not known. */
const MarkdownText = memo(function MarkdownText({ text, numbers }: { text: string; numbers: string | null }) {
  const plugins = useMemo(() => {
    const known = new Set(numbers?.split(',').map(Number));
    const isSource = (number: number) =>
      numbers === null ? number > 0 && number <= maxPendingMark : known.has(number);
    return [remarkGfm, [remarkCitationMarks, isSource] as [typeof remarkCitationMarks, typeof isSource]];
  }, [numbers]);
  return (
    <Markdown skipHtml remarkPlugins={plugins} components={components}>
      {guardMarks(text)}
    </Markdown>
  );
});

function Mark({ number }: { number?: string | number }) {
  const t = useText();
  const { sources, activeSource, onOpenSource } = use(MarksContext);
  const source = sources.find((candidate) => candidate.number === Number(number));
  if (source === undefined) {
    return (
      <>
        {WORD_JOINER}
        <span className="mark is-pending">{number}</span>
        {WORD_JOINER}
      </>
    );
  }
  const isActive = activeSource?.citation === source.citation;
  return (
    <>
      {WORD_JOINER}
      <button
        type="button"
        className={isActive ? 'mark is-active' : 'mark'}
        title={source.citation.filename}
        aria-label={t('source.open', { number: source.number, filename: source.citation.filename })}
        onClick={() => onOpenSource(source)}
      >
        {number}
      </button>
      {WORD_JOINER}
    </>
  );
}

const components = {
  'citation-mark': Mark,
  a: ({ href, children }: { href?: string; children?: ReactNode }) => (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  ),
  // A picture would be fetched from wherever the text says; only its description is shown.
  img: ({ alt }: { alt?: string }) => <span>{alt}</span>,
  table: ({ children }: { children?: ReactNode }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard
    <div className="table-scroll" tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
} as Components;
