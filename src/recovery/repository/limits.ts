/** The limits of a repository, each with its reason. All sizes in bytes, all times in milliseconds. */

/** A pack is closed when it holds so much: few enough for a bucket to list, small enough to be read for one object. */
export const PACK_TARGET_BYTES = 32 * 1024 * 1024;
/** An object of this size or more has a pack of its own, and passes through without being held in memory. */
export const LARGE_OBJECT_BYTES = 16 * 1024 * 1024;
/** What a size field of a tar header can say. */
export const MAX_OBJECT_BYTES = 8 * 1024 ** 3 - 1;
/** A stored pack beyond this waits for its put in a file, not in memory. */
export const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** Packs that are being put at once, beside the one that is being filled. */
export const PACKS_IN_FLIGHT = 2;
/** Between the stages of a pack: large, since every piece is a journey to another thread and back. */
export const PIECE_BYTES = 256 * 1024;
/** A piece of this size is worth a journey of its own. */
export const TRAVELS_ALONE_BYTES = 64 * 1024;
/** Of a manifest, an index or a description; more is damage or an attack. */
export const MAX_CONTROL_BYTES = 256 * 1024 * 1024;
/** An age header with hundreds of recipients is smaller. */
export const MAX_HEADER_BYTES = 256 * 1024;
export const MAX_RECIPIENTS = 20;
/** Small files of a repository that are asked for at once. */
export const REQUESTS_AT_ONCE = 8;
/** Manifests that are looked into for packs that this machine does not know; one is mostly enough. */
export const MANIFESTS_TO_LEARN_FROM = 50;

/** A holder that lives renews its lock so often. */
export const LOCK_RENEWAL_MS = 15_000;
/** A lock that nobody renews while somebody watches it for so long is nobody's. */
export const LOCK_WATCH_MS = 60_000;
/** Between two looks at a lock that is being watched. */
export const LOCK_LOOK_MS = 2_000;
/** A snapshot waits for a pruning under way at most so long. */
export const LOCK_PATIENCE_MS = 30 * 60_000;

/** Packs that no snapshot names are left this long, so that a broken-off snapshot is carried on by the next. */
export const ORPHAN_GRACE_MS = 24 * 60 * 60_000;
/** A holder that was frozen for so long before it looks at its lock is not waited for. */
export const EVICTION_MARK_MS = 30 * 24 * 60 * 60_000;
/** A pack of which less than this is still needed is written anew. */
export const REPACK_BELOW_SHARE = 0.5;
/** Packs smaller than this are joined, once there are several. */
export const SMALL_PACK_BYTES = 2 * 1024 * 1024;
export const MANY_SMALL_PACKS = 16;
