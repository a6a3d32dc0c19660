import { recoveryPointLagMs, type StreamState } from '../../recovery/stream/stream-state.ts';
import type { Configuration } from '../configuration.ts';
import { isShipped } from '../shared-stores.ts';
import { readStreamStates } from './stream-states.ts';

/** How far behind each place is that changes are sent to, and what would be lost now at best; null for nothing covered. */
export async function recoveryPoint(
  configuration: Configuration,
): Promise<{ streams: StreamState[]; lagMs: number | null }> {
  const streams = isShipped(configuration) ? await readStreamStates(configuration) : [];
  return { streams, lagMs: recoveryPointLagMs(streams) };
}
