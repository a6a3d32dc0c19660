import type { Messages } from './language/messages.ts';
import type { Terminal } from './terminal/terminal.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  url?: string;
  apiKey?: string;
  dataDir?: string;
  json?: boolean;
  lang?: string;
}

/** What a command gets to work with. */
export interface CliContext {
  environment: NodeJS.ProcessEnv;
  options: GlobalOptions;
  messages: Messages;
  terminal: Terminal;
}
