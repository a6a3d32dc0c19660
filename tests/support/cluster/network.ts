/** Machines of a test as network namespaces on one bridge, with links that can be cut in several ways. Needs root. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Finaliser } from '../finaliser.ts';

const run = promisify(execFile);
const TABLE = 'budao_fault';
const PROBE_SECONDS = '5';

/**
 * `silent` loses everything on the link, `deaf` what comes in, `mute` what goes out; `refusing` answers with resets,
 * as a firewall that rejects.
 */
export type Cut = 'silent' | 'deaf' | 'mute' | 'refusing';

export function canMakeNetworks(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}

export class Network {
  /** Where the test itself is reached by the machines, and its servers with it. */
  readonly gateway: string;
  readonly #prefix: string;
  readonly #tag: string;
  readonly #finaliser: Finaliser;
  #hosts = 0;

  private constructor(tag: string, prefix: string, finaliser: Finaliser) {
    this.#tag = tag;
    this.#prefix = prefix;
    this.gateway = `${prefix}.1`;
    this.#finaliser = finaliser;
  }

  static async create(finaliser: Finaliser): Promise<Network> {
    const tag = `bd${process.pid.toString(36)}`;
    const network = new Network(tag, await freePrefix(), finaliser);
    finaliser.add(`ip link del ${tag}`);
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
    this.#finaliser.add(`ip link del ${outer}; ip netns del ${namespace}`);
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
    return new NetworkHost(name, namespace, address, this.gateway);
  }
}

export class NetworkHost {
  readonly name: string;
  readonly address: string;
  readonly #namespace: string;
  readonly #gateway: string;

  constructor(name: string, namespace: string, address: string, gateway: string) {
    this.name = name;
    this.#namespace = namespace;
    this.address = address;
    this.#gateway = gateway;
  }

  /** A shell's line that runs `"$@"` on this machine, under its name. */
  get shell(): string {
    const inside = `hostname ${this.name}; exec "$@"`;
    return `exec ip netns exec ${this.#namespace} unshare --uts sh -c '${inside}' sh "$@"`;
  }

  /**
   * The rules go with the namespace, so the finaliser needs no word of them.
   *
   * @param port of a server that only the way to is cut; null cuts the machine off from everything
   */
  async cut(cut: Cut, port: number | null): Promise<void> {
    const [incoming, outgoing] =
      port === null ? ['meta l4proto tcp', 'meta l4proto tcp'] : [`tcp sport ${port}`, `tcp dport ${port}`];
    const verdict = cut === 'refusing' ? 'reject with tcp reset' : 'drop';
    const rule = (hook: string, match: string, applies: boolean): string => `
      chain ${hook} {
        type filter hook ${hook} priority 0; policy accept;
        ${hook === 'input' ? 'iifname' : 'oifname'} "lo" accept
        ${applies ? `${match} ${verdict}` : ''}
      }`;
    const rules = `table inet ${TABLE} {${rule('input', incoming, cut !== 'mute')}${rule('output', outgoing, cut !== 'deaf')}
    }\n`;
    await this.#run('sh', ['-c', `printf '%s' "$1" | nft -f -`, 'sh', rules]);
  }

  async heal(): Promise<void> {
    await this.#run('nft', ['delete', 'table', 'inet', TABLE]);
  }

  /** Whether nothing is cut any more: connections to this port of the test's own machine succeed again. */
  async isWhole(port: number): Promise<boolean> {
    const { stdout } = await this.#run('nft', ['list', 'tables']);
    if (stdout.includes(TABLE)) return false;
    return this.#run('timeout', [PROBE_SECONDS, 'bash', '-c', `</dev/tcp/${this.#gateway}/${port}`]).then(
      () => true,
      () => false,
    );
  }

  #run(command: string, args: readonly string[]): Promise<{ stdout: string }> {
    return run('ip', ['netns', 'exec', this.#namespace, command, ...args]);
  }
}

/** The first three numbers of a private network that this machine knows nothing of. */
async function freePrefix(): Promise<string> {
  const { stdout } = await run('ip', ['-4', 'addr']);
  for (let third = process.pid % 250; third < 500; third++) {
    const prefix = `10.231.${third % 250}`;
    if (!stdout.includes(`${prefix}.`)) return prefix;
  }
  throw new Error('no private network is free');
}
