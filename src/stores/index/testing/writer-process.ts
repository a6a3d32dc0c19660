/** Writes batches until it is killed; prints the number of each batch once it is acknowledged. Usage: LOCATION FIRST */

import { batch, GENERATION, KNOWLEDGE_BASE } from './batches.ts';
import { type IndexLocation, openIndexAt } from './index-location.ts';

const BATCHES_PER_OPTIMISE = 4;

const [location = '', first = '0'] = process.argv.slice(2);
const index = await openIndexAt(JSON.parse(location) as IndexLocation);
for (let number = Number(first); ; number += 1) {
  await index.replaceDocuments(KNOWLEDGE_BASE, GENERATION, batch(number, 'v1'));
  process.stdout.write(`${number}\n`);
  if (number % BATCHES_PER_OPTIMISE === 0) await index.optimize(KNOWLEDGE_BASE, GENERATION);
}
