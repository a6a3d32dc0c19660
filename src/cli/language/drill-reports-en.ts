/** What `budao drill reports` and `verify-report` say in English. */
export const drillReportsEn = {
  drillReports: {
    reports:
      'list the drills that were made, the findings that are open, and the operations pages they exercised',
    verify: 'verify that a report is genuine and follows from its log',
    target: 'file that describes a system which is there already: it is drilled, by commands of the scenario',
    yes: 'with --target: yes, break it',
    notAgreed: (name: string, radius: string, by: string): string =>
      `This breaks ${name} (${radius}), which ${by} has allowed, and people may be using it. Say --yes if that is meant.`,
    file: 'report.json or report.html of a drill',
    columns: {
      at: 'ENDED (UTC)',
      scenario: 'SCENARIO',
      verdict: 'VERDICT',
      rto: 'RTO',
      verified: 'RTO VERIFIED',
      rpo: 'RPO',
      folder: 'FOLDER',
    },
    none: (archive: string): string =>
      `No drill is kept in ${archive}. Make one: budao drill run worker-killed`,
    open: (count: number): string => (count === 0 ? 'No finding is open.' : `Open findings: ${count}`),
    severities: { high: 'high', medium: 'medium' },
    nobody: 'nobody',
    finding: (key: string, severity: string, owner: string, due: string): string =>
      `  ${key}  ${severity}, owner ${owner}, due ${due}`,
    pages: 'Operations pages, last exercised:',
    stamp: (page: string, day: string, verdict: string, rto: string): string =>
      `  ${page}  ${day}, ${verdict}, RTO ${rto}`,
    genuine: (drill: string, verdict: string): string => `Genuine: ${drill}, ${verdict}. Checked:`,
    checked: {
      page: 'the page is the one that was signed',
      report: 'the report is the one that was signed',
      log: "the raw log's chain is whole and ends where the report says",
      recomputed: 'all figures follow from the log',
      chain: 'the report before this one is the one that it names',
    },
    signedBy: (key: string): string => `Signed with the key ${key}. Compare it with the one you know.`,
  },
};
