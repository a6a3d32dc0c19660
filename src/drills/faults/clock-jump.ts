import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { clockFile } from '../laboratory/clock.ts';
import { Duration } from '../scenario/duration.ts';
import { defineFault } from './fault.ts';

const NO_SHIFT = '+0';

/** The time of day jumps for the processes of a node; intervals stay what they are. The node starts under libfaketime. */
export const clockJump = defineFault({
  name: 'clock-jump',
  about: { en: 'the clock of a node jumps forward or back', zh: '节点的时钟向前或向后跳变' },
  parameters: z.strictObject({
    target: z.enum(['forward', 'back']),
    by: Duration.default(3_600_000),
    node: z.string().optional(),
  }),
  requires: ['linux', 'faketime'],
  needs: ['clock'],
  async prepare(laboratory, { target, by, node: named }) {
    const node = laboratory.node(named);
    const path = clockFile(node.folder);
    const shift = `${target === 'back' ? '-' : '+'}${Math.round(by / 1_000)}`;
    const wanted = target === 'back' ? -by : by;
    return {
      victim: `clock of ${node.name} by ${shift} s`,
      undoActs: [],
      inject: () => writeFile(path, shift),
      isInjected: async () => Math.abs((await clockAheadMs(node.url)) - wanted) < Math.abs(wanted) / 2,
      undo: () => writeFile(path, NO_SHIFT),
      isUndone: async () =>
        Math.abs(await clockAheadMs(node.url)) < Math.abs(wanted) / 2 && (await node.isReady()),
    };
  },
});

/** As its answers say. */
async function clockAheadMs(url: string): Promise<number> {
  const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) });
  await response.arrayBuffer();
  return Date.parse(response.headers.get('date') ?? '') - Date.now();
}
