import { recoveryPointLagMs, type StreamState } from '../../recovery/stream/stream-state.ts';
import { type Configuration, isCluster } from '../configuration.ts';
import { isShipped, openLedger } from '../shared-stores.ts';
import { readStreamStates } from './stream-states.ts';

/** How far behind each place is that changes are sent to, and what would be lost now at best; null for nothing covered. */
export async function recoveryPoint(
  configuration: Configuration,
): Promise<{ streams: StreamState[]; lagMs: number | null }> {
  const streams = await streamsOf(configuration);
  return { streams, lagMs: recoveryPointLagMs(streams) };
}

async function streamsOf(configuration: Configuration): Promise<StreamState[]> {
  if (!isCluster(configuration)) return isShipped(configuration) ? readStreamStates(configuration) : [];
  const { archiveStream } = await import('./archive-state.ts');
  await using ledger = await openLedger(configuration);
  return [await archiveStream(ledger.read, configuration.backup.stream.archiveCheck)];
}
