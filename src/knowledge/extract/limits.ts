import type { ExtractionLimits } from './extracted-document.ts';

const mebibyte = 1024 * 1024;

/** What an installation uses unless its configuration says otherwise. */
export const defaultExtractionLimits: ExtractionLimits = {
  // Holds a thousand-page manual with pictures.
  maxBytes: 100 * mebibyte,
  maxPages: 5_000,
  // About ten thick books; more is a data dump that nobody asks questions of.
  maxCharacters: 20_000_000,
  maxUnpackedBytes: 1024 * mebibyte,
  // A thousand pages of PDF take well under a minute on one slow core.
  timeoutMs: 180_000,
  maxMemoryMb: 1024,
};

/** Members of a zip container; large EPUBs have some thousands. */
export const maxArchiveMembers = 20_000;
/** Inflated to packed size of one container; repetitive sheets reach about 200, deflate's ceiling is 1,032. */
export const maxArchiveRatio = 400;
/** Below this size a high ratio harms nobody, and small forms full of repeated cells have one. */
export const ratioCheckedFromBytes = 16 * mebibyte;
/** Open elements inside one another; Word's deepest real tables stay below 100. */
export const maxMarkupDepth = 400;
/** The same for HTML, where forgotten end tags pile up on honest pages. */
export const maxHtmlDepth = 10_000;
/** Columns of a table row; Excel's own limit. */
export const maxTableColumns = 16_384;
/** Cells that merged ranges and spans may fill in one table, so that a small file cannot ask for billions. */
export const maxSpannedCells = 200_000;
