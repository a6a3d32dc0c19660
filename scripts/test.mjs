// The other command: installs what the tests need, checks the code, runs all tests, and says how many passed.
// Runs under any Node from 20 on; options go to vitest, as in `npm test -- src/runs`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCheck, STATIC_CHECKS } from './lib/checks.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { ensureSystemPackages } from './lib/system-packages.mjs';
import { countTests } from './lib/test-report.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const BROWSER_TESTS = 'tests/browser/**';
/** What the full run does more of; a variable that is set already keeps its value. */
const SOAK = {
  BUDAO_CRASH_KILLS: '200',
  BUDAO_CLUSTER_FAULTS: '100',
  BUDAO_CLUSTER_OTHER_FAULTS: '40',
  BUDAO_LOCKED_MS: '30000',
  BUDAO_STREAM_KILLS: '20',
  BUDAO_DRILL_FAULTS: 'all',
};

const options = process.argv.slice(2).filter((option) => option !== '--soak');
if (process.argv.includes('--soak')) Object.assign(process.env, { ...SOAK, ...process.env });

process.exitCode = (await testAll()) ? 0 : 1;

/** A failing check does not keep the others from running: one run tells everything. */
async function testAll() {
  await ensureInstalled(root);
  const withoutBrowser = process.env.BUDAO_TEST_WITHOUT_BROWSER === '1';
  if (!ensureSystemPackages({ withoutBrowser })) return summarise({ passed: 0, failed: 1, skipped: 0 });
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const check of STATIC_CHECKS) {
    if (await runCheck(root, check)) total.passed += 1;
    else total.failed += 1;
  }
  const tests = await runTests(withoutBrowser ? ['--exclude', BROWSER_TESTS] : []);
  for (const outcome of Object.keys(total)) total[outcome] += tests[outcome];
  if (withoutBrowser)
    process.stdout.write(`\nNot run, as BUDAO_TEST_WITHOUT_BROWSER asks: ${BROWSER_TESTS}\n`);
  return summarise(total);
}

async function runTests(exclusions) {
  const folder = mkdtempSync(join(tmpdir(), 'budao-test-report-'));
  const reportPath = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
  try {
    const succeeded = await runCheck(root, {
      name: 'Tests',
      command: ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...exclusions, ...options],
    });
    return countTests(reportPath, succeeded);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The last line is read by machines: each check and each test counts once. */
function summarise({ passed, failed, skipped }) {
  process.stdout.write(`\n${skipped > 0 ? `${skipped} skipped\n` : ''}${passed} passed, ${failed} failed\n`);
  return failed === 0;
}
