import { z } from 'zod';
import type { Laboratory } from '../laboratory/laboratory.ts';
import type { TcpFaultProxy } from '../laboratory/tcp-fault-proxy.ts';
import { defineFault, type FaultKind } from './fault.ts';

const EFFECTS = ['slow', 'trickle', 'silent', 'reset', 'away'] as const;
const DELAY_MS = 2_000;
const TRICKLE_BYTES_PER_SECOND = 200;

const parameters = z.strictObject({
  effect: z.enum(EFFECTS),
  delayMs: z.int().min(1).max(60_000).default(DELAY_MS),
  bytesPerSecond: z.int().min(1).default(TRICKLE_BYTES_PER_SECOND),
});
type Parameters = z.infer<typeof parameters>;

/** A proxy on the way is slow, lets almost nothing through, nothing at all, or breaks connections off. */
export const clientConnection = throughProxies({
  name: 'client-connection',
  about: {
    en: 'the way between clients and the service: slow, a trickle, silent, reset, or away',
    zh: '客户端与服务之间的连接：变慢、涓流、静默、重置或中断',
  },
  requires: ['linux'],
  needs: ['front proxy'],
  proxies: ({ frontProxy }) => (frontProxy === null ? [] : [frontProxy]),
});

export const modelConnection = throughProxies({
  name: 'model-connection',
  about: {
    en: 'the way between the service and the model: slow, a trickle, silent, reset, or away',
    zh: '服务与模型之间的连接：变慢、涓流、静默、重置或中断',
  },
  requires: ['linux'],
  needs: ['model proxy'],
  proxies: ({ modelProxy }) => (modelProxy === null ? [] : [modelProxy]),
});

export const databaseConnection = throughProxies({
  name: 'database-connection',
  about: {
    en: 'the way between the nodes and PostgreSQL: slow, a trickle, silent, reset, or away',
    zh: '节点与 PostgreSQL 之间的连接：变慢、涓流、静默、重置或中断',
  },
  requires: ['linux', 'postgres', 'redis'],
  needs: ['cluster', 'store proxies'],
  proxies: ({ shared }) => shared?.databaseProxies ?? [],
});

export const redisConnection = throughProxies({
  name: 'redis-connection',
  about: {
    en: 'the way between the nodes and Redis: slow, a trickle, silent, reset, or away',
    zh: '节点与 Redis 之间的连接：变慢、涓流、静默、重置或中断',
  },
  requires: ['linux', 'postgres', 'redis'],
  needs: ['cluster', 'store proxies'],
  proxies: ({ shared }) => (shared?.redisProxy == null ? [] : [shared.redisProxy]),
});

function throughProxies(
  kind: Pick<FaultKind, 'name' | 'about' | 'requires' | 'needs'> & {
    proxies: (laboratory: Laboratory) => readonly TcpFaultProxy[];
  },
): FaultKind {
  return defineFault<Parameters>({
    ...kind,
    parameters,
    async prepare(laboratory, chosen) {
      const proxies = kind.proxies(laboratory);
      if (proxies.length === 0) throw new Error('this laboratory has no proxy there');
      const leads = proxies.map(({ target }) => target);
      return {
        victim: `${chosen.effect} connections`,
        // The proxies are part of the drill: they end with it.
        undoActs: [],
        inject: async () => proxies.forEach((proxy) => spoil(proxy, chosen)),
        isInjected: async () => proxies.every((proxy) => !proxy.isWhole),
        undo: async () =>
          proxies.forEach((proxy, index) => {
            proxy.heal();
            if (proxy.target === null) proxy.leadTo(leads[index] ?? null);
          }),
        isUndone: async () => proxies.every((proxy) => proxy.isWhole) && (await laboratory.isWell()),
      };
    },
  });
}

function spoil(proxy: TcpFaultProxy, { effect, delayMs, bytesPerSecond }: Parameters): void {
  if (effect === 'slow') proxy.delayMs = delayMs;
  if (effect === 'trickle') proxy.bytesPerSecond = bytesPerSecond;
  if (effect === 'silent') proxy.isSilent = true;
  if (effect === 'away') proxy.leadTo(null);
  if (effect !== 'reset') return;
  proxy.isResetting = true;
  proxy.reset();
}
