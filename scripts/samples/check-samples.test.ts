import { expect, it } from 'vitest';
import { checkSamples } from './check-samples.ts';

it('reads every sample document as it was written, and finds every golden fact in its source', async () => {
  const { documents, questionCount, problems } = await checkSamples();
  expect(problems).toEqual([]);
  expect(documents.size).toBe(16);
  expect(questionCount).toBe(40);
});
