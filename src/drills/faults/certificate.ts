import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { z } from 'zod';
import type { TlsFront } from '../laboratory/tls.ts';
import { defineFault } from './fault.ts';

const PROBE_MS = 3_000;

export const certificate = defineFault({
  name: 'certificate',
  about: {
    en: 'the certificate of the model has expired, or is that of another host',
    zh: '模型服务的证书过期，或属于另一台主机',
  },
  parameters: z.strictObject({ target: z.enum(['expired', 'wrong-host']) }),
  requires: ['linux', 'openssl'],
  needs: ['model', 'tls'],
  async prepare({ tls, address }, { target }) {
    if (tls === null) throw new Error('this laboratory has no TLS');
    return {
      victim: `certificate of the model: ${target}`,
      undoActs: [],
      inject: async () => tls.present(target),
      isInjected: async () => !(await isTrusted(tls, address)),
      undo: async () => tls.present('good'),
      isUndone: () => isTrusted(tls, address),
    };
  },
});

/** As a client that believes only the laboratory's authority sees it. */
async function isTrusted({ port, authorityFile }: TlsFront, host: string): Promise<boolean> {
  const ca = readFileSync(authorityFile);
  return new Promise((resolve) => {
    const socket = connect({ host, port, ca }, () => {
      resolve(socket.authorized);
      socket.destroy();
    });
    socket.setTimeout(PROBE_MS, () => socket.destroy(new Error('no handshake')));
    socket.once('error', () => resolve(false));
  });
}
