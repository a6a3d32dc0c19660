// Loaded by the processes of one variant of the benchmark (NODE_OPTIONS=--import=…): in place of the product's writer of
// events they get one that shows everything at once and logs it behind. The product itself has no such switch.
import { registerHooks } from 'node:module';

const WRITER = new URL('./show-first-writer.ts', import.meta.url).href;
const SOURCES = '../../src/';

registerHooks({
  resolve(specifier, context, next) {
    if (/\/event-writer\.[jt]s$/.test(specifier)) return next(WRITER, context);
    // What the writer needs of the product is what the product itself has loaded, with its state.
    if (context.parentURL !== WRITER || !specifier.startsWith(SOURCES)) return next(specifier, context);
    const built = `../../dist/${specifier.slice(SOURCES.length).replace(/\.ts$/, '.js')}`;
    return next(new URL(built, import.meta.url).href, context);
  },
});
