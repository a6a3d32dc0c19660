const OPEN = '<think>';
const CLOSE = '</think>';

export interface ThinkSplitter {
  /** Parts of this piece of content; what may still turn out to be a tag is held back. */
  push(content: string): { reasoning: string; text: string };
  /** What was held back when the content ends. */
  finish(): { reasoning: string; text: string };
}

/** Tells inline `<think>…</think>` at the start of the content from the answer. Tags may be split across pieces. */
export function createThinkSplitter(): ThinkSplitter {
  let state: 'start' | 'thinking' | 'gap' | 'text' = 'start';
  let held = '';

  function push(content: string): { reasoning: string; text: string } {
    if (state === 'text') return { reasoning: '', text: content };
    held += content;
    let reasoning = '';
    if (state === 'start') {
      const begin = held.trimStart();
      if (begin.length < OPEN.length && OPEN.startsWith(begin)) return { reasoning, text: '' };
      if (!begin.startsWith(OPEN)) return { reasoning, text: release() };
      state = 'thinking';
      held = begin.slice(OPEN.length);
    }
    if (state === 'thinking') {
      const close = held.indexOf(CLOSE);
      if (close === -1) {
        const safe = held.length - tagTail(held);
        reasoning = held.slice(0, safe);
        held = held.slice(safe);
        return { reasoning, text: '' };
      }
      reasoning = held.slice(0, close);
      held = held.slice(close + CLOSE.length);
      state = 'gap';
    }
    // The blank lines between the thoughts and the answer belong to neither.
    held = held.trimStart();
    return { reasoning, text: held === '' ? '' : release() };
  }

  function release(): string {
    state = 'text';
    const text = held;
    held = '';
    return text;
  }

  function finish(): { reasoning: string; text: string } {
    const rest = held;
    held = '';
    return state === 'thinking' ? { reasoning: rest, text: '' } : { reasoning: '', text: rest };
  }

  return { push, finish };
}

/** Length of the longest end of `text` that may be the beginning of the closing tag. */
function tagTail(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(CLOSE.slice(0, length))) return length;
  }
  return 0;
}
