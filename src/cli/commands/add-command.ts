import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Messages } from '../language/messages.ts';

/** Arguments as commander hands them over: the positional ones, then the options. */
type CommandAction = (context: CliContext, args: readonly unknown[]) => Promise<ExitCode>;

export interface CommandSetup {
  messages: Messages;
  /** Wraps a command's work: it gets its context, and its exit code becomes the process's. */
  action(work: CommandAction): (...args: unknown[]) => Promise<void>;
}

export type AddCommand = (program: Command, setup: CommandSetup) => void;
