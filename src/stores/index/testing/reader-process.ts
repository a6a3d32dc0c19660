/** Searches without a pause until its input closes; prints each state that no reader may see, then `searches N`. */

import { CHUNKS_PER_DOCUMENT, DOCUMENTS_PER_BATCH, GENERATION, KNOWLEDGE_BASE, MARK } from './batches.ts';
import { type IndexLocation, openIndexAt } from './index-location.ts';

const [location = '', maxMemoryRows = '0'] = process.argv.slice(2);
const state = { stopped: false };
process.stdin.on('end', () => {
  state.stopped = true;
});
process.stdin.resume();

await using index = await openIndexAt(JSON.parse(location) as IndexLocation, Number(maxMemoryRows));
const request = { query: MARK, vector: null, limit: 100, documentIds: null };
let searches = 0;
while (!state.stopped) {
  const hits = await index.search(KNOWLEDGE_BASE, GENERATION, request);
  const versions = new Set(hits.map((hit) => hit.chunk.text));
  if (hits.length !== DOCUMENTS_PER_BATCH * CHUNKS_PER_DOCUMENT) console.log(`saw ${hits.length} chunks`);
  if (versions.size > 1) console.log(`saw ${[...versions].join(' and ')} together`);
  searches += 1;
  if (searches === 1) console.log('reading');
}
console.log(`searches ${searches}`);
