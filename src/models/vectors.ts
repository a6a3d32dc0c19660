/** The vector with length 1, or null when it is no direction at all: not finite, or all zero. */
export function normalised(vector: ArrayLike<number>): number[] | null {
  let squares = 0;
  for (let at = 0; at < vector.length; at++) {
    const value = vector[at];
    if (typeof value !== 'number' || !Number.isFinite(value)) return null;
    squares += value * value;
  }
  const length = Math.sqrt(squares);
  if (length === 0 || !Number.isFinite(length)) return null;
  return Array.from(vector, (value) => value / length);
}
