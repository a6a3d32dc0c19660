import { existsSync, readFileSync } from 'node:fs';

/**
 * Counts the outcomes in vitest's JSON report. Files that did not load and errors outside of tests have no test
 * that failed, yet count as one failure each.
 */
export function countTests(reportPath, succeeded) {
  if (!existsSync(reportPath)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(reportPath, 'utf8'));
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = report.numFailedTests + unloaded.length;
  return {
    passed: report.numPassedTests,
    failed: succeeded ? failed : Math.max(1, failed),
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
