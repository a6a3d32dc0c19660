/** What the laboratory's service asks for answers and for vectors: endpoints that can fail in every way that real ones do. */
import { type Behaviour, startUpstream, type Upstream } from '../model/lying-upstream.ts';
import { numberedTokens } from '../model/upstream-text.ts';
import { freePort } from './free-port.ts';

export class LaboratoryEndpoint implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  #upstream: Upstream | null;
  #isLying = false;
  readonly #start: () => Promise<Upstream>;

  private constructor(upstream: Upstream, start: () => Promise<Upstream>) {
    this.#upstream = upstream;
    this.port = upstream.port;
    this.url = upstream.url;
    this.#start = start;
  }

  static async start(
    host: string,
    writes: { tokens: number; tokensPerSecond: number },
  ): Promise<LaboratoryEndpoint> {
    const port = await freePort();
    const start = () => startUpstream({ host, port, ...writes });
    return new LaboratoryEndpoint(await start(), start);
  }

  get isRunning(): boolean {
    return this.#upstream !== null;
  }

  /** Whether it does anything else than tell the truth. */
  get isLying(): boolean {
    return this.#isLying;
  }

  behave(behaviour: Behaviour): void {
    this.#isLying = true;
    this.#upstream?.setBehaviour(behaviour);
  }

  async kill(): Promise<void> {
    await this.#upstream?.close();
    this.#upstream = null;
  }

  /** Starts it where it is down, and lets it tell the truth again. */
  async heal(): Promise<void> {
    this.#isLying = false;
    if (this.#upstream === null) this.#upstream = await this.#start();
    else this.#upstream.setBehaviour({});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

/** The text of every whole answer. */
export function expectedAnswer(tokens: number): string {
  return numberedTokens(tokens).join('');
}
