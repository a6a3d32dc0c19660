import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { formatMs } from '../../drills/report/page/format.ts';
import { VERSION } from '../../system/version.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { loadSettings } from '../service/settings.ts';

import { oneLine } from '../terminal/one-line.ts';
import type { CommandSetup } from './add-command.ts';

interface ReportsOptions {
  out?: string;
  config?: string;
}

/** `budao drill reports` and `budao drill verify-report`. */
export function addDrillReportCommands(drill: Command, { messages, action }: CommandSetup): void {
  const t = messages.drillReports;
  drill
    .command('reports')
    .description(t.reports)
    .option('--out <folder>', messages.drill.out)
    .option('--config <file>', messages.drill.config)
    .addHelpText('after', messages.example('budao drill reports'))
    .action(action((context, [options]) => reports(context, options as ReportsOptions)));
  drill
    .command('verify-report')
    .description(t.verify)
    .argument('<file>', t.file)
    .addHelpText('after', messages.example('budao drill verify-report drills/drill_x/report.json'))
    .action(action((context, [file]) => verify(context, file as string)));
}

async function reports(context: CliContext, options: ReportsOptions): Promise<ExitCode> {
  const { messages, terminal } = context;
  const t = messages.drillReports;
  const archive =
    options.out === undefined
      ? join(loadSettings(context, options.config).dataDir, 'drills')
      : resolve(options.out);
  const { keptReports, pageStamps } = await import('../../drills/report/archive.ts');
  const kept = await keptReports(archive);
  const stamps = await pageStamps(archive);
  const drills = kept.map(({ report: { identity, verdict, results }, folder }) => ({
    drill_id: identity.drill_id,
    scenario: identity.scenario,
    ended_utc: identity.ended_utc,
    verdict,
    rto_service_ms: results.rto_service_ms,
    rto_verified_ms: results.rto_verified_ms,
    rpo_ms: results.rpo_ms,
    folder,
  }));
  // Of each scenario the last report says which findings are open.
  const last = new Map(kept.map(({ report }) => [report.identity.scenario, report]));
  const findings = [...last.values()].flatMap((report) =>
    report.findings.filter(({ status }) => status === 'open'),
  );
  terminal.result({ data: drills, findings, pages: stamps }, () => {
    if (drills.length === 0) return `${t.none(archive)}\n`;
    const c = t.columns;
    const table = terminal.table(
      [c.at, c.scenario, c.verdict, c.rto, c.verified, c.rpo, c.folder].map((title) => ({ title })),
      drills.map((own) => [
        own.ended_utc.slice(0, 16).replace('T', ' '),
        own.scenario,
        messages.drill.verdicts[own.verdict],
        formatMs(own.rto_service_ms),
        formatMs(own.rto_verified_ms),
        formatMs(own.rpo_ms),
        own.folder,
      ]),
    );
    const open = findings.map(({ key, severity, owner, due }) =>
      oneLine(t.finding(key, t.severities[severity], owner ?? t.nobody, due)),
    );
    const pages = Object.entries(stamps).map(([page, { utc, verdict, rto_service_ms: rto }]) =>
      oneLine(t.stamp(page, utc.slice(0, 10), messages.drill.verdicts[verdict], formatMs(rto))),
    );
    return [table, t.open(open.length), ...open, ...(pages.length === 0 ? [] : [t.pages, ...pages])]
      .map((line) => (line.endsWith('\n') ? line : `${line}\n`))
      .join('');
  });
  return EXIT.ok;
}

async function verify({ messages, terminal }: CliContext, file: string): Promise<ExitCode> {
  const t = messages.drillReports;
  const { verifyReport } = await import('../../drills/report/verify-report.ts');
  const { drillId, verdict, publicKey, checked } = await verifyReport(resolve(file), VERSION);
  terminal.result({ drill_id: drillId, verdict, public_key: publicKey, checked }, () =>
    [
      t.genuine(drillId, messages.drill.verdicts[verdict]),
      ...checked.map((what) => `  ${t.checked[what]}`),
      t.signedBy(publicKey),
      '',
    ].join('\n'),
  );
  return EXIT.ok;
}
