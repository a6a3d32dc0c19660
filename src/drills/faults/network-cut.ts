import { z } from 'zod';
import type { Laboratory } from '../laboratory/laboratory.ts';
import { CUTS } from '../laboratory/network.ts';
import { defineFault } from './fault.ts';

const TABLE = 'budao_drill';
const WAYS = ['everything', 'model', 'database', 'redis'] as const;

/** Rules of a machine's own firewall; they go with its namespace, too. */
export const networkCut = defineFault({
  name: 'network-cut',
  about: {
    en: 'a node loses its network, wholly, in one direction, or towards one server; or it is refused',
    zh: '节点断网：全断、单向断、只断到某个服务，或被拒绝',
  },
  parameters: z.strictObject({
    target: z.enum(WAYS),
    cut: z.enum(CUTS).default('silent'),
    node: z.string().optional(),
  }),
  requires: ['linux', 'namespaces', 'nftables'],
  needs: ['networks'],
  async prepare(laboratory, { target, cut, node: named }) {
    const node = laboratory.node(named);
    const { host } = node;
    if (host === null) throw new Error('this laboratory has no networks of its own');
    const port = portOf(laboratory, target);
    const looksAt = port ?? laboratory.model?.port ?? laboratory.first.port;
    const reaches = () => host.reaches(laboratory.address, looksAt);
    return {
      victim: `${node.name}, ${cut} towards ${target}`,
      undoActs: [host.healing(TABLE)],
      inject: () => host.cut(TABLE, cut, port),
      isInjected: async () => !(await reaches()),
      undo: () => host.heal(TABLE),
      isUndone: async () => (await reaches()) && (await node.isReady()),
    };
  },
});

/** The link itself, as when a cable is pulled: it is gone for both sides, and nothing answers. */
export const linkDown = defineFault({
  name: 'link-down',
  about: { en: 'the network cable of a node is pulled', zh: '拔掉节点的网线' },
  parameters: z.strictObject({ node: z.string().optional() }),
  requires: ['linux', 'namespaces'],
  needs: ['networks'],
  async prepare(laboratory, { node: named }) {
    const node = laboratory.node(named);
    const { host } = node;
    if (host === null) throw new Error('this laboratory has no networks of its own');
    return {
      victim: `link of ${node.name}`,
      // Nothing outlives the link, which the laboratory has stored already.
      undoActs: [],
      inject: () => host.linkUp(false),
      isInjected: async () => !(await node.isReady()),
      undo: () => host.linkUp(true),
      isUndone: () => node.isReady(),
    };
  },
});

function portOf({ modelPort, shared }: Laboratory, target: (typeof WAYS)[number]): number | null {
  if (target === 'everything') return null;
  const port = {
    model: modelPort,
    database: shared?.databasePort ?? null,
    redis: shared?.redisPort ?? null,
  }[target];
  if (port === null) throw new Error(`this laboratory has no ${target}`);
  return port;
}
