import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { BudaoError } from '../../contract/errors.ts';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SECRET_NAME = 'alert-channels';

/** Where secrets come from: the same 32 bytes for every process of the installation. */
export interface SecretSource {
  read(name: string): Promise<Uint8Array>;
}

/** Seals what the ledger keeps of channels, so that a copy of the ledger alone gives no key away. */
export class Seal {
  readonly #source: SecretSource;
  #key: Buffer | null = null;

  constructor(source: SecretSource) {
    this.#source = source;
  }

  /** Bound to `owner`: what is sealed for one channel does not open as that of another. */
  async close(owner: string, secrets: Record<string, unknown>): Promise<string> {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, await this.#readKey(), iv).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
  }

  /** @throws BudaoError alert_channel_sealed */
  async open(owner: string, sealed: string): Promise<Record<string, string>> {
    const bytes = Buffer.from(sealed, 'base64');
    const key = await this.#readKey();
    try {
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES))
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const text =
        decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)).toString('utf8') + decipher.final('utf8');
      return JSON.parse(text) as Record<string, string>;
    } catch (cause) {
      throw new BudaoError(
        'conflict',
        'alert_channel_sealed',
        "The channel's keys cannot be read: they were sealed with another secret store. Enter them again.",
        { cause },
      );
    }
  }

  async #readKey(): Promise<Buffer> {
    this.#key ??= Buffer.from(
      hkdfSync('sha256', await this.#source.read(SECRET_NAME), '', 'budao alert channels', 32),
    );
    return this.#key;
  }
}
