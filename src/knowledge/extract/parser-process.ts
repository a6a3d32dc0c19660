/** Entry of the parser process, started by ParserPool: `parser-process <maxResidentBytes>`. */
import { extract } from './extract.ts';
import { serveJobs } from './serve-jobs.ts';

process.once('disconnect', () => process.exit());
serveJobs(extract, Number(process.argv[2]));
