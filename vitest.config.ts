import { defineConfig } from 'vitest/config';

const EXCLUDED = ['**/node_modules/**', '**/dist/**'];

/**
 * Unit and integration tests run two at a time; then those of the whole system, one after another;
 * last the clients that others have written, which share one running service.
 */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'scripts/**/*.test.{ts,mjs}',
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
