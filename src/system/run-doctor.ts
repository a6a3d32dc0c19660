import { existsSync } from 'node:fs';
import { examine } from '../knowledge/doctor/examine.ts';
import { RUNS_AVAILABLE } from '../runs/channel.ts';
import { MemoryChannel } from '../stores/channel/memory-channel.ts';
import { openStores } from './compose.ts';
import type { Configuration } from './configuration.ts';
import { dataFolderAt } from './data-folder.ts';

export type { CheckName, Finding } from '../knowledge/doctor/finding.ts';

export type DoctorReport = Awaited<ReturnType<typeof examine>>;

/** Examines the data folder, beside a service at work or without one. Runs that repair are left to its workers. */
export async function runDoctor(
  configuration: Configuration,
  options: { fix: boolean; deep: boolean },
): Promise<DoctorReport> {
  const { hubSocket } = dataFolderAt(configuration.dataDir);
  const alone = existsSync(hubSocket) ? {} : { channel: new MemoryChannel() };
  await using stores = await openStores(configuration, alone);
  const report = await examine(stores, options);
  if (report.findings.some((finding) => finding.fixed)) stores.channel.publish(RUNS_AVAILABLE, '');
  return report;
}
