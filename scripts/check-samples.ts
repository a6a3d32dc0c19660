/** Checks the sample knowledge base: `npx node scripts/check-samples.ts`; exit code 1 with the list of problems. */
import { checkSamples } from './samples/check-samples.ts';

const { documents, questionCount, problems } = await checkSamples();
for (const [file, { format, blocks, pages }] of documents) {
  const characters = blocks.reduce((sum, block) => sum + block.text.length, 0);
  console.log(
    `${file}: ${format}, ${blocks.length} blocks, ${characters} characters, ${pages ?? 'no'} pages`,
  );
}
console.log(`${documents.size} documents, ${questionCount} questions, ${problems.length} problems`);
for (const problem of problems) {
  console.log(`- ${problem}`);
}
process.exitCode = problems.length === 0 ? 0 : 1;
