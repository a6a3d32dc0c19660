import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../tests/support/free-port.ts';
import { writeTinyOnnxModel } from '../../../tests/support/tiny-onnx-model.ts';
import type { StreamState } from '../../recovery/stream/stream-state.ts';
import { makeRepository } from '../backup/make-repository.ts';
import { makeSnapshot } from '../backup/make-snapshot.ts';
import { tellStreamStates } from '../backup/stream-states.ts';
import { checkBackups } from './check-backups.ts';
import { checkCertificates } from './check-certificates.ts';
import { checkModels } from './check-models.ts';
import { results, TestPlace } from './testing.ts';

const DAY_MS = 24 * 3_600_000;

let installation: TestPlace;
beforeEach(async () => {
  installation = await TestPlace.make();
});
afterEach(() => installation[Symbol.asyncDispose]());

describe('doctor on model files', () => {
  const settings = () => ({ embedder: { folder: join(installation.root, 'model') } });

  beforeEach(async () => {
    const folder = join(installation.root, 'model');
    await mkdir(folder);
    writeTinyOnnxModel(folder);
  });

  it('compares them with the checksums beside them, and with what the vectors were made by', async () => {
    const place = await installation.at({ settings: settings() });
    await installation.open(async ({ ledger }) => {
      expect(results(await checkModels(place, ledger))).toEqual(['models ok']);
      const generation = {
        id: 'g',
        analyzer: 'a',
        chunker: 'c',
        dimension: 8,
        embedder: 'onnx:model:0123:4567',
      };
      await ledger.transaction((tx) =>
        tx.run(
          `INSERT INTO knowledge_base (id, workspace_id, name, is_default, generation, metadata, created_at, active_at)
           VALUES ('vs_1', 'ws_test', 'rules', 1, :generation, '{}', 1, 1)`,
          { generation: JSON.stringify(generation) },
        ),
      );
      const [other] = await checkModels(place, ledger);
      expect(other).toMatchObject({ result: 'failed' });
      expect(other?.evidence.en).toContain('onnx:model:0123:4567');
    });
    const tokenizer = join(installation.root, 'model', 'tokenizer.json');
    const sum = createHash('sha256').update(await readFile(tokenizer));
    await writeFile(join(installation.root, 'model', 'SHA256SUMS'), `${sum.digest('hex')}  tokenizer.json\n`);
    expect(results(await checkModels(place, null))).toEqual(['models ok']);
    await using file = await open(tokenizer, 'r+');
    await file.write(' ', 0);
    const [broken] = await checkModels(place, null);
    expect(broken).toMatchObject({ result: 'failed' });
    expect(broken?.evidence.en).toContain('tokenizer.json');
  });

  it('says what a folder lacks', async () => {
    const place = await installation.at({ settings: { embedder: { folder: installation.root } } });
    expect(results(await checkModels(place, null))).toEqual(['models failed']);
  });
});

describe('doctor on certificates', () => {
  function certify(name: string, days: number): string {
    const path = join(installation.root, name);
    const files = ['-keyout', `${path}.key`, '-out', `${path}.pem`];
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    const what = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', String(days)];
    execFileSync('openssl', [...what, ...files, ...subject], { stdio: 'ignore' });
    return `${path}.pem`;
  }

  const withAuthority = (file: string) => ({
    stores: {
      ledger: { url: `postgres://u@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=${file}` },
      blobs: { folder: installation.root },
      index: { folder: installation.root },
      secretKeyFile: file,
    },
  });

  it('counts the days of files, warns before and fails after their end', async () => {
    const settings = withAuthority(certify('authority', 90));
    const look = async (now: number): Promise<string[]> => {
      const outcomes = await checkCertificates(await installation.at({ settings, now }));
      return results(outcomes.filter(({ subject }) => subject.endsWith('.pem')));
    };
    expect(await look(Date.now())).toEqual(['certificates ok']);
    expect(await look(Date.now() + 80 * DAY_MS)).toEqual(['certificates warning']);
    expect(await look(Date.now() + 91 * DAY_MS)).toEqual(['certificates failed']);
    expect(await look(Date.now() - 10 * DAY_MS)).toEqual(['certificates failed']);
  });

  it('asks servers, and tells one that is not trusted from one that does not answer', async () => {
    const certificate = certify('server', 90);
    const key = await readFile(certificate.replace(/pem$/, 'key'));
    const server = createServer({ key, cert: await readFile(certificate) });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const models = [
      { baseUrl: `https://127.0.0.1:${port}/v1`, model: 'm' },
      { baseUrl: `https://127.0.0.1:${await freePort()}/v1`, model: 'n', name: 'n' },
    ];
    try {
      const outcomes = await checkCertificates(await installation.at({ settings: { models } }));
      expect(results(outcomes)).toEqual(['certificates failed', 'certificates unknown']);
      expect(outcomes[0]?.evidence.en).toMatch(/not trusted/);
    } finally {
      server.close();
    }
  });
});

describe('doctor on backups', () => {
  it('tells none, an empty one, a fresh one, an old one and one that is away apart', async () => {
    expect(results(await checkBackups(await installation.at()))).toEqual(['backups warning']);
    const folder = join(installation.root, 'repository');
    const settings = { backup: { repositories: [{ name: 'stick', folder }] } };
    expect(results(await checkBackups(await installation.at({ settings })))).toEqual(['backups failed']);
    const configuration = await installation.configure(settings);
    const keyFile = join(installation.root, 'recovery.key');
    await makeRepository({ configuration, repository: 'stick', recipients: [], keyFile, appendOnly: false });
    const [empty] = await checkBackups(await installation.at({ settings }));
    expect(empty).toMatchObject({ result: 'warning' });
    const signal = new AbortController().signal;
    await makeSnapshot({ configuration, repository: 'stick', label: null, signal, onProgress: () => {} });
    const [fresh] = await checkBackups(await installation.at({ settings }));
    expect(fresh).toMatchObject({ result: 'ok' });
    const publicKey = /age1\w+/.exec(await readFile(keyFile, 'utf8'))?.[0] ?? '';
    expect(fresh?.evidence.en).toContain(publicKey.slice(-8));
    const old = await installation.at({ settings, now: Date.now() + 3 * DAY_MS });
    expect(results(await checkBackups(old))).toEqual(['backups warning']);
    const now = Date.now();
    const shipping: StreamState = {
      repository: 'stick',
      phase: 'shipping',
      coveredUntil: now,
      coveredSince: now,
      lagMs: 800,
      generation: 'g',
      segments: 1,
      bytes: 1,
      reason: null,
      gaps: 0,
      at: now,
    };
    await tellStreamStates(configuration, [shipping]);
    expect(results(await checkBackups(await installation.at({ settings, now })))).toEqual([
      'backups ok',
      'backups ok',
    ]);
    // Whoever shipped is gone: what it covered grows older.
    const later = await installation.at({ settings, now: now + 120_000 });
    expect(results(await checkBackups(later))).toEqual(['backups ok', 'backups warning']);
  });
});
