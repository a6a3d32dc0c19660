// A model endpoint that counts, and goes on from a prefix as real servers do. Run as: … numbered-upstream.ts TOKENS RATE
import { startUpstream } from '../../tests/support/lying-upstream.ts';

const [tokens = 60, rate = 20] = process.argv.slice(2).map(Number);
const upstream = await startUpstream({ tokens, tokensPerSecond: rate });
process.stdout.write(`${upstream.url}\n`);
