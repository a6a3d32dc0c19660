import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const EXCLUDED = ['**/node_modules/**', '**/dist/**'];

/** Where a test opens the embedded ledger it gets a database of a PostgreSQL server. */
const LEDGER_ON_POSTGRES = {
  name: 'ledger-on-postgres',
  enforce: 'pre' as const,
  resolveId: (id: string) =>
    id.endsWith('/sqlite-ledger.ts')
      ? fileURLToPath(new URL('tests/support/ledger-on-postgres.ts', import.meta.url))
      : undefined,
};

/**
 * Unit and integration tests run two at a time; those that reach the ledger once more, on PostgreSQL; then those of
 * the whole system, one after another; last the clients that others have written, which share one running service.
 */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Of conditions that are waited for: only a service that is broken takes so long.
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'scripts/**/*.test.{ts,mjs}',
            'bench/**/*.test.ts',
            'console/src/**/*.test.{ts,tsx}',
            'tests/structure/*.test.ts',
          ],
          exclude: EXCLUDED,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        plugins: [LEDGER_ON_POSTGRES],
        test: {
          name: 'postgres',
          include: [
            'src/access/**/*.test.ts',
            'src/answers/{answer-handler,deferred-answers}.test.ts',
            'src/dependencies/dependency-watch.test.ts',
            'src/evaluation/automatic.test.ts',
            'src/health/alerts/{alert-watch,notify}.test.ts',
            'src/http/**/*.test.ts',
            'src/knowledge/{doctor,library}/**/*.test.ts',
            'src/recovery/care/care-watch.test.ts',
          ],
          exclude: EXCLUDED,
          globalSetup: 'tests/support/shared-postgres.ts',
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['tests/**/*.test.ts'],
          exclude: [...EXCLUDED, 'tests/structure/**', 'tests/clients/**'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'clients',
          include: ['tests/clients/*.test.ts'],
          globalSetup: 'tests/clients/setup.ts',
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
