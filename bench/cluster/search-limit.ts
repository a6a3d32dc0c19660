export interface LimitSearch {
  /** Measured in any case, in this order. */
  firstCounts: readonly number[];
  /** By which it grows until it is too much. */
  step: number;
  /** The search ends when the two that are left lie this close. */
  smallestStep: number;
  /** No more than this is tried. */
  greatest: number;
}

/**
 * More and more until it is too much, then between the last that was well and the first that was not.
 *
 * @param isWell measures one count
 * @returns `most`, zero if nothing was well; `tooMany` is null if everything that was tried was well
 */
export async function searchLimit(
  { firstCounts, step, smallestStep, greatest }: LimitSearch,
  isWell: (count: number) => Promise<boolean>,
): Promise<{ most: number; tooMany: number | null }> {
  let most = 0;
  for (const count of firstCounts) {
    if (count > greatest) break;
    if (!(await isWell(count))) return { most, tooMany: count };
    most = count;
  }
  let tooMany = most + step;
  for (; tooMany <= greatest; tooMany += step) {
    if (!(await isWell(tooMany))) break;
    most = tooMany;
  }
  if (tooMany > greatest) return { most, tooMany: null };
  while (tooMany - most > smallestStep) {
    const middle = Math.round((most + tooMany) / 2);
    if (await isWell(middle)) most = middle;
    else tooMany = middle;
  }
  return { most, tooMany };
}
