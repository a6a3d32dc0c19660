/** A process that misses so many announcements in a row is taken for gone. */
const MAX_MISSED = 4;

interface Peer {
  readonly name: string;
  readonly topics: Set<string>;
  /** Of `topics`; null when something was missed, and all of them have to be asked for. */
  version: number | null;
  /** The next part of a list that comes in several. */
  nextPart: number;
  missed: number;
  /** Asked since the last tick, which is often enough. */
  asked: boolean;
}

/** Who follows what, as the other processes say it. Forgets whoever falls silent. */
export class PeerDirectory {
  readonly #peers = new Map<string, Peer>();
  readonly #followers = new Map<string, Set<string>>();
  readonly #turns = new Map<string, number>();

  followersOf(topic: string): ReadonlySet<string> | undefined {
    return this.#followers.get(topic);
  }

  /** One of those who follow `topic` and of `others`, in turn; undefined when there are none. */
  pick(topic: string, others: readonly string[]): string | undefined {
    const candidates = [...others, ...(this.#followers.get(topic) ?? [])];
    // Each process begins elsewhere, or they would all begin with the same one.
    const turn = this.#turns.get(topic) ?? Math.floor(Math.random() * 1_000);
    this.#turns.set(topic, turn + 1);
    return candidates[turn % Math.max(1, candidates.length)];
  }

  /** @returns whether the peer has to be asked what it follows */
  hearAlive(name: string, version: number): boolean {
    const peer = this.#meet(name);
    peer.missed = 0;
    if (peer.version === version || peer.asked) return false;
    return this.#markUnknown(peer);
  }

  /** @returns whether the peer has to be asked */
  hearChange(
    name: string,
    change: { version: number; followed: readonly string[]; left: readonly string[] },
  ): boolean {
    const peer = this.#meet(name);
    peer.missed = 0;
    if (peer.version !== change.version - 1) return !peer.asked && this.#markUnknown(peer);
    peer.version = change.version;
    for (const topic of change.followed) this.#add(peer, topic);
    for (const topic of change.left) this.#remove(peer, topic);
    return false;
  }

  hearTopics(
    name: string,
    list: { version: number; part: number; parts: number; topics: readonly string[] },
  ): void {
    const peer = this.#meet(name);
    peer.missed = 0;
    if (list.part === 0) {
      for (const topic of peer.topics) this.#remove(peer, topic);
      peer.version = null;
      peer.nextPart = 0;
    }
    if (list.part !== peer.nextPart) return;
    peer.nextPart += 1;
    for (const topic of list.topics) this.#add(peer, topic);
    if (peer.nextPart === list.parts) peer.version = list.version;
  }

  forget(name: string): void {
    const peer = this.#peers.get(name);
    if (peer === undefined) return;
    for (const topic of peer.topics) this.#remove(peer, topic);
    this.#peers.delete(name);
  }

  clear(): void {
    for (const name of this.#peers.keys()) this.forget(name);
  }

  /** Counted in ticks and not in time: a process that was frozen itself does not forget everybody at once. */
  tick(): void {
    for (const peer of this.#peers.values()) {
      peer.asked = false;
      peer.missed += 1;
      if (peer.missed > MAX_MISSED) this.forget(peer.name);
    }
  }

  #meet(name: string): Peer {
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      peer = { name, topics: new Set(), version: null, nextPart: 0, missed: 0, asked: false };
      this.#peers.set(name, peer);
    }
    return peer;
  }

  #markUnknown(peer: Peer): boolean {
    peer.version = null;
    peer.asked = true;
    return true;
  }

  #add(peer: Peer, topic: string): void {
    peer.topics.add(topic);
    const followers = this.#followers.get(topic);
    if (followers === undefined) this.#followers.set(topic, new Set([peer.name]));
    else followers.add(peer.name);
  }

  #remove(peer: Peer, topic: string): void {
    peer.topics.delete(topic);
    const followers = this.#followers.get(topic);
    followers?.delete(peer.name);
    if (followers?.size !== 0) return;
    this.#followers.delete(topic);
    this.#turns.delete(topic);
  }
}
