/** One PostgreSQL server for all test files of a project, each ledger in a database of its own. */
import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { serverUrl: string; template: string };
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres({ settings: { max_connections: '300' } });
  const template = await server.createLedger();
  project.provide('postgres', { serverUrl: server.url('').slice(0, -1), template });
  return () => server[Symbol.asyncDispose]();
}
