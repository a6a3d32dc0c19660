/** The cosine of two vectors of one length; 0 where one of them is zero. */
export function cosineSimilarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let index = 0; index < a.length; index += 1) {
    const valueA = a[index] as number;
    const valueB = b[index] as number;
    product += valueA * valueB;
    squareA += valueA * valueA;
    squareB += valueB * valueB;
  }
  return squareA === 0 || squareB === 0 ? 0 : product / Math.sqrt(squareA * squareB);
}
