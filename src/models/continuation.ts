// Joins what a model writes after a takeover to what the reader has already seen: nothing shown is repeated or
// taken back. Pure: text in, text that may be shown out.

/** How much of the end of the shown text is compared with the start of the new text. */
const ECHO_WINDOW_CHARACTERS = 200;
/** A shorter agreement than this happens by chance ("l" after "hel"), so it proves no echo. */
const MIN_PARTIAL_ECHO_CHARACTERS = 24;
/** The whole of the shown text at the start of the new text is an echo even when it is short. */
const MIN_FULL_ECHO_CHARACTERS = 3;
/** Rules and table borders repeat themselves; an echo of prose has more different characters than this. */
const MIN_ECHO_VARIETY = 8;
/** The shortest end of the shown text that is looked for in a text that was written anew. */
const MIN_ANCHOR_CHARACTERS = 8;
const MIN_SENTENCE_CHARACTERS = 4;
/** A new text this much longer than the shown one will not come back to it. */
const SEARCH_SLACK_CHARACTERS = 2_000;

export interface Joiner {
  /** The part of the new text that may be shown now. */
  push(text: string): string;
  /** What was held back; `departed` when no way was found to go on from the shown text. */
  finish(): { text: string; departed: boolean };
  /** True once reading on is useless. */
  readonly gaveUp: boolean;
}

/** Chat templates strip trailing white space: the model continues `head`, and `tail` is already shown. */
export function cutPrefix(shown: string): { head: string; tail: string } {
  const head = shown.trimEnd();
  return { head, tail: shown.slice(head.length) };
}

/** For a model that was asked to continue `shown`: drops an echo, and white space that is already shown. */
export function joinContinued(shown: string): Joiner {
  const { head, tail } = cutPrefix(shown);
  const echoes = createEchoMatcher(head);
  const dropTail = createTailDropper(tail);
  let regenerated: Joiner | null = null;
  let open = echoes === null;
  let held = '';

  return {
    get gaveUp() {
      return regenerated?.gaveUp ?? false;
    },

    push(text) {
      if (open) return dropTail(text);
      if (regenerated !== null) return regenerated.push(text);
      held += text;
      const verdict = echoes!.match(held);
      if (verdict === 'waiting') return '';
      if (verdict === 'regenerated') {
        regenerated = joinRegenerated(shown);
        return regenerated.push(held);
      }
      open = true;
      return dropTail(held.slice(verdict));
    },

    finish() {
      if (open || held === '') return { text: '', departed: false };
      if (regenerated !== null) return regenerated.finish();
      const { dropped, departed } = echoes!.finish(held);
      return { text: dropTail(held.slice(dropped)), departed };
    },
  };
}

/** For a model that wrote the answer anew: holds it back until it has passed what is shown. */
export function joinRegenerated(shown: string): Joiner {
  const { head, tail } = cutPrefix(shown);
  const dropTail = createTailDropper(tail);
  const anchors = anchorsOf(head);
  let state: 'agreeing' | 'searching' | 'open' | 'gave-up' = shown === '' ? 'open' : 'agreeing';
  let held = '';

  function search(): string {
    for (const anchor of anchors) {
      const at = held.indexOf(anchor);
      if (at === -1) continue;
      state = 'open';
      return dropTail(held.slice(at + anchor.length));
    }
    if (anchors.length === 0 || held.length > 2 * shown.length + SEARCH_SLACK_CHARACTERS) state = 'gave-up';
    return '';
  }

  return {
    get gaveUp() {
      return state === 'gave-up';
    },

    push(text) {
      if (state === 'open') return dropTail(text);
      if (state === 'gave-up') return '';
      held += text;
      if (state === 'agreeing') {
        if (shown.startsWith(held)) return '';
        if (held.startsWith(head)) {
          state = 'open';
          return dropTail(held.slice(head.length));
        }
        state = 'searching';
      }
      return search();
    },

    finish() {
      return { text: '', departed: state !== 'open' && !held.startsWith(head) };
    },
  };
}

/** A joiner for the usual case, in which nothing is shown yet. */
export function joinNothing(): Joiner {
  return { gaveUp: false, push: (text) => text, finish: () => ({ text: '', departed: false }) };
}

interface EchoMatcher {
  /** How many characters of `held` to drop; or that more is needed; or that the model began anew. */
  match(held: string): number | 'waiting' | 'regenerated';
  finish(held: string): { dropped: number; departed: boolean };
}

function createEchoMatcher(head: string): EchoMatcher | null {
  if (head.length < MIN_FULL_ECHO_CHARACTERS) return null;
  // Where in `head` an echo may begin, the longest first.
  let starts = [0];
  const first = Math.max(1, head.length - ECHO_WINDOW_CHARACTERS);
  for (let at = first; at <= head.length - MIN_PARTIAL_ECHO_CHARACTERS; at++) {
    if (new Set(head.slice(at)).size >= MIN_ECHO_VARIETY) starts.push(at);
  }
  /** The longest echo that `held` holds completely. */
  let complete = 0;
  let agreedFromStart = 0;

  function match(held: string): number | 'waiting' | 'regenerated' {
    starts = starts.filter((start) => {
      const size = head.length - start;
      if (held.length < size) return head.startsWith(held, start);
      if (held.startsWith(start === 0 ? head : head.slice(start))) complete = Math.max(complete, size);
      return false;
    });
    // A shorter echo than the complete one is of no interest any more.
    starts = starts.filter((start) => head.length - start > complete);
    if (starts.includes(0)) agreedFromStart = held.length;
    if (starts.length > 0) return 'waiting';
    if (complete > 0) return complete;
    if (agreedFromStart < MIN_PARTIAL_ECHO_CHARACTERS) agreedFromStart = commonStart(head, held);
    return agreedFromStart >= MIN_PARTIAL_ECHO_CHARACTERS ? 'regenerated' : 0;
  }

  function finish(held: string): { dropped: number; departed: boolean } {
    const stoppedShort = starts.includes(0) && held.length >= MIN_PARTIAL_ECHO_CHARACTERS;
    return stoppedShort ? { dropped: held.length, departed: true } : { dropped: complete, departed: false };
  }

  return { match, finish };
}

/** Drops white space at the start of the new text as far as it is already shown. */
function createTailDropper(tail: string): (text: string) => string {
  let left = tail;
  return (text) => {
    if (left === '' || text === '') return text;
    const same = commonStart(left, text);
    left = same === text.length ? left.slice(same) : '';
    return text.slice(same);
  };
}

/** Ends of the shown text at which a differently worded text may be joined, the longest first. */
function anchorsOf(head: string): string[] {
  const anchors: string[] = [];
  if (head.length >= MIN_ANCHOR_CHARACTERS) anchors.push(head.slice(-MIN_PARTIAL_ECHO_CHARACTERS));
  const sentence = /[^.!?。！？\n]+[.!?。！？]+$/u.exec(head.slice(-ECHO_WINDOW_CHARACTERS))?.[0].trim();
  if (sentence !== undefined && sentence.length >= MIN_SENTENCE_CHARACTERS) anchors.push(sentence);
  return anchors;
}

function commonStart(one: string, other: string): number {
  const limit = Math.min(one.length, other.length);
  let at = 0;
  while (at < limit && one.charCodeAt(at) === other.charCodeAt(at)) at++;
  return at;
}
