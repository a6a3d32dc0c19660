/** Limits on what an endpoint may send, each with its reason. */
export const UPSTREAM_LIMITS = {
  /** The longest event seen in practice, one with log probabilities, is under 100 kB. */
  maxLineBytes: 1_048_576,
  maxEventBytes: 1_048_576,
  /** An answer without end must stop somewhere; the longest output of today's models is half of this. */
  maxAnswerCharacters: 2_000_000,
  /** An error body is read for its message only. */
  maxErrorBytes: 65_536,
  /** How long to wait, after the last token, for the usage and the end of the stream. */
  closingMs: 2_000,
} as const;
