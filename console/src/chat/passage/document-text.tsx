import { Button } from 'antd';
import { useLayoutEffect, useRef, useState } from 'react';
import { useText } from '../../i18n/text.ts';
import type { LocatedPassage, Range } from './locate-passage.ts';

/** A long document is shown around its passage; more of it on demand. */
const windowCharacters = 20_000;

/** A document's whole text with the passage marked and scrolled to. */
export function DocumentText({ located }: { located: LocatedPassage }) {
  const t = useText();
  const { text } = located.file;
  const passage = located.passage ?? { start: 0, end: 0 };
  const [from, setFrom] = useState(Math.max(0, passage.start - windowCharacters));
  const [to, setTo] = useState(Math.min(text.length, passage.end + windowCharacters));
  const scroller = useRef<HTMLDivElement>(null);
  const mark = useRef<HTMLElement>(null);

  useLayoutEffect(() => {
    const box = scroller.current;
    const target = box?.querySelector<HTMLElement>('.quote') ?? mark.current;
    if (!box || !target) return;
    const offset = target.getBoundingClientRect().top - box.getBoundingClientRect().top;
    box.scrollTop += offset - box.clientHeight * 0.25;
  }, []);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled by keyboard
    <div className="document-text" ref={scroller} tabIndex={0} role="document">
      {from > 0 && (
        <Button size="small" block onClick={() => setFrom(Math.max(0, from - windowCharacters))}>
          {t('passage.earlier')}
        </Button>
      )}
      <div className="document-body">
        {text.slice(from, passage.start)}
        {located.passage !== null && (
          <mark ref={mark} className="passage-mark">
            <PassageText text={text} passage={passage} quote={located.quote} />
          </mark>
        )}
        {text.slice(passage.end, to)}
      </div>
      {to < text.length && (
        <Button size="small" block onClick={() => setTo(Math.min(text.length, to + windowCharacters))}>
          {t('passage.later')}
        </Button>
      )}
    </div>
  );
}

function PassageText({ text, passage, quote }: { text: string; passage: Range; quote: Range | null }) {
  if (quote === null) return text.slice(passage.start, passage.end);
  const start = Math.max(quote.start, passage.start);
  const end = Math.min(quote.end, passage.end);
  if (end <= start) return text.slice(passage.start, passage.end);
  return (
    <>
      {text.slice(passage.start, start)}
      <strong className="quote">{text.slice(start, end)}</strong>
      {text.slice(end, passage.end)}
    </>
  );
}
