/** The limits of the HTTP surface, each with its reason. Those of single fields stand in the schemas of the contract. */

/** A question is a question: longer material belongs into a document. */
export const MAX_QUESTION_CHARS = 32_000;
export const MAX_INSTRUCTIONS_CHARS = 32_000;
/** Requests carry text, not files; uploads have a limit of their own. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** What anybody may send without signing in is kept small: strangers must not fill the memory. */
export const MAX_PUBLIC_BODY_BYTES = 16 * 1024;
/** The largest upload over a slow line takes less; without an end, a body that drips in holds its connection for ever. */
export const MAX_REQUEST_MS = 60 * 60_000;
/** No request needs more, and what walks a body by recursion would run out of stack. */
export const MAX_BODY_DEPTH = 100;
export const MAX_IDEMPOTENCY_KEY_CHARS = 255;
/** A conversation is exported or searched up to here. */
export const MAX_ITEMS_PER_EXPORT = 10_000;

/** Proxies close streams that are quiet for 30 to 60 seconds. */
export const PING_INTERVAL_MS = 15_000;
/** A client that reads nothing costs memory: it is cut at 4 MB, or after a minute without taking a byte. */
export const MAX_STREAM_BACKLOG_CHARS = 4 * 1024 * 1024;
export const MAX_STALL_MS = 60_000;
/** Frames that all clients have are forgotten once there are so many. */
export const RETAINED_FRAME_CHARS = 256 * 1024;

/** How often streams are held against the patience that they have with an outage of the ledger. */
export const OUTAGE_CHECK_MS = 1_000;
/** What a process that leaves waits for its readers to hear it. */
export const FAREWELL_MS = 1_000;

/** An answer waits for its turn, a worker and a model: longer than a person waits, shorter than for ever. */
export const ANSWER_TIMEOUT_MS = 15 * 60_000;
/** A deferred answer may come much later: nobody watches it any more. */
export const BACKGROUND_ANSWER_TIMEOUT_MS = 24 * 60 * 60_000;
/** When to look again for an answer that has to wait. */
export const DEFERRED_RETRY_AFTER_S = 10;
/** How long a cancel waits to see the answer stop. */
export const CANCEL_WAIT_MS = 2_000;
/** The feed tries again several times a second: a ledger that fails over is away for up to half a minute. */
export const TOLERATED_FEED_ERRORS = 75;
