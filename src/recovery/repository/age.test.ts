import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { Decrypter, Encrypter } from 'age-encryption';
import { expect, test } from 'vitest';
import { decrypt, encrypt, generateRecoveryKey } from './age.ts';

async function* pieces(content: Buffer, size: number) {
  for (let start = 0; start < content.length; start += size) yield content.subarray(start, start + size);
}
const all = async (stream: AsyncIterable<Buffer>) => Buffer.concat(await Array.fromAsync(stream));

test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])(
  '%i bytes are read by the library and the other way round',
  async (bytes) => {
    const { identity, recipient } = await generateRecoveryKey();
    const content = randomBytes(bytes);
    const sealed = await all(encrypt(pieces(content, 10_007), [recipient]));
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    expect(content.equals(await decrypter.decrypt(sealed))).toBe(true);
    expect(content.equals(await all(decrypt(pieces(sealed, 777), [identity])))).toBe(true);
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);
    const theirs = Buffer.from(await encrypter.encrypt(content));
    expect(content.equals(await all(decrypt(Readable.from(pieces(theirs, 4_096)), [identity])))).toBe(true);
  },
);
