/** The machines of a laboratory as network namespaces on one bridge, with links that can be cut in several ways. */
import { randomBytes } from 'node:crypto';
import { run } from '../commands.ts';
import type { UndoAct } from '../undo/acts.ts';
import type { UndoJournal } from '../undo/journal.ts';

const PROBE_SECONDS = '3';
const NETWORKS = 250;

/**
 * `silent` loses everything on the link, `deaf` what comes in, `mute` what goes out; `refusing` answers with resets,
 * as a firewall that rejects.
 */
export const CUTS = ['silent', 'deaf', 'mute', 'refusing'] as const;
export type Cut = (typeof CUTS)[number];

export class Network {
  /** Where the machines reach what the laboratory itself serves. */
  readonly gateway: string;
  readonly #prefix: string;
  readonly #tag: string;
  readonly #journal: UndoJournal;
  #hosts = 0;

  private constructor(tag: string, prefix: string, journal: UndoJournal) {
    this.#tag = tag;
    this.#prefix = prefix;
    this.gateway = `${prefix}.1`;
    this.#journal = journal;
  }

  static async create(journal: UndoJournal): Promise<Network> {
    // A name of an interface has 15 characters at most.
    const tag = `bdl${randomBytes(3).toString('hex')}`;
    const network = new Network(tag, await freePrefix(), journal);
    journal.store('network', [{ act: 'link.delete', name: tag }]);
    await run('ip', ['link', 'add', tag, 'type', 'bridge']);
    await run('ip', ['addr', 'add', `${network.gateway}/24`, 'dev', tag]);
    await run('ip', ['link', 'set', tag, 'up']);
    return network;
  }

  async addHost(name: string): Promise<NetworkHost> {
    const number = ++this.#hosts;
    const namespace = `${this.#tag}-${name}`;
    const [outer, inner] = [`${this.#tag}o${number}`, `${this.#tag}i${number}`];
    const address = `${this.#prefix}.${number + 1}`;
    this.#journal.store(`network of ${name}`, [
      { act: 'namespace.delete', name: namespace },
      { act: 'link.delete', name: outer },
    ]);
    await run('ip', ['netns', 'add', namespace]);
    await run('ip', ['link', 'add', outer, 'type', 'veth', 'peer', 'name', inner]);
    await run('ip', ['link', 'set', inner, 'netns', namespace]);
    await run('ip', ['link', 'set', outer, 'master', this.#tag, 'up']);
    for (const words of [
      ['addr', 'add', `${address}/24`, 'dev', inner],
      ['link', 'set', inner, 'up'],
      ['link', 'set', 'lo', 'up'],
    ]) {
      await run('ip', ['-n', namespace, ...words]);
    }
    return new NetworkHost({ name, namespace, address, outer });
  }
}

export class NetworkHost {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  /** Its link, as the laboratory sees it. */
  readonly #outer: string;

  constructor(parts: { name: string; namespace: string; address: string; outer: string }) {
    this.name = parts.name;
    this.namespace = parts.namespace;
    this.address = parts.address;
    this.#outer = parts.outer;
  }

  /** What stands before a command that shall run on this machine. */
  get prefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.namespace];
  }

  /**
   * @param port of a server that only the way to is cut; null cuts the machine off from everything
   */
  async cut(table: string, cut: Cut, port: number | null): Promise<void> {
    const any = 'meta l4proto { tcp, udp, icmp }';
    const [incoming, outgoing] = port === null ? [any, any] : [`tcp sport ${port}`, `tcp dport ${port}`];
    const verdict = cut === 'refusing' ? 'reject with tcp reset' : 'drop';
    const only = cut === 'refusing' ? 'meta l4proto tcp ' : '';
    const chain = (hook: 'input' | 'output', match: string, applies: boolean): string => `
      chain ${hook} {
        type filter hook ${hook} priority 0; policy accept;
        ${hook === 'input' ? 'iifname' : 'oifname'} "lo" accept
        ${applies ? `${only}${match} ${verdict}` : ''}
      }`;
    const rules = `table inet ${table} {${chain('input', incoming, cut !== 'mute')}${chain('output', outgoing, cut !== 'deaf')}
    }\n`;
    await this.inside('sh', ['-c', `printf '%s' "$1" | nft -f -`, 'sh', rules]);
  }

  healing(table: string): UndoAct {
    return { act: 'rules.delete', namespace: this.namespace, table };
  }

  async heal(table: string): Promise<void> {
    await this.inside('nft', ['delete', 'table', 'inet', table]);
  }

  async linkUp(isUp: boolean): Promise<void> {
    await run('ip', ['link', 'set', this.#outer, isUp ? 'up' : 'down']);
  }

  /** Whether a connection from this machine to a server of the laboratory succeeds. */
  async reaches(address: string, port: number): Promise<boolean> {
    const connect = [PROBE_SECONDS, 'bash', '-c', `</dev/tcp/${address}/${port}`];
    return this.inside('timeout', connect).then(
      () => true,
      () => false,
    );
  }

  inside(command: string, args: readonly string[]): Promise<{ stdout: string }> {
    return run('ip', ['netns', 'exec', this.namespace, command, ...args]);
  }
}

/** The first three numbers of a private network that this machine knows nothing of. */
async function freePrefix(): Promise<string> {
  const { stdout } = await run('ip', ['-4', 'addr']);
  for (let count = 0; count < NETWORKS; count++) {
    const prefix = `10.232.${(process.pid + count) % NETWORKS}`;
    if (!stdout.includes(`${prefix}.`)) return prefix;
  }
  throw new Error('no private network is free');
}
