import { describe, expect, test } from 'vitest';
import { searchLimit } from './search-limit.ts';

const plan = { firstCounts: [50, 200], step: 200, smallestStep: 50, greatest: 1_000 };

async function searchWith(limit: number): Promise<{ most: number; tooMany: number | null; tried: number[] }> {
  const tried: number[] = [];
  const found = await searchLimit(plan, async (count) => {
    tried.push(count);
    return count <= limit;
  });
  return { ...found, tried };
}

describe('the search for the most streams', () => {
  test('closes in on the limit from both sides', async () => {
    expect(await searchWith(530)).toEqual({
      most: 500,
      tooMany: 550,
      tried: [50, 200, 400, 600, 500, 550],
    });
  });

  test('says that it found no limit when everything was well', async () => {
    expect(await searchWith(5_000)).toMatchObject({ most: 1_000, tooMany: null });
  });

  test('takes no count for well that was not measured', async () => {
    expect(await searchWith(100)).toEqual({ most: 50, tooMany: 200, tried: [50, 200] });
    expect(await searchWith(10)).toEqual({ most: 0, tooMany: 50, tried: [50] });
  });
});
