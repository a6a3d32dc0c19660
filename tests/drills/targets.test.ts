import { expect, test } from 'vitest';
import type { TargetKind } from '../../src/drills/log/facts.ts';
import { openTarget, refuseUnsupported } from '../../src/drills/targets/open-target.ts';
import type { TargetSettings } from '../../src/drills/targets/target.ts';
import {
  ANSWER,
  anythingLlmRoutes,
  chatchatRoutes,
  gradioRoutes,
  openAiRoutes,
  type PeerRoutes,
  startPeer,
} from './peer-servers.ts';

const PEERS: [TargetKind, PeerRoutes][] = [
  ['openai', openAiRoutes],
  ['anythingllm', anythingLlmRoutes],
  ['chatchat', chatchatRoutes],
  ['kotaemon', gradioRoutes],
];
const gradio = { function: 'chat_fn', data: ['{question}', [], null] };
const signal = (): AbortSignal => AbortSignal.timeout(10_000);

async function askOnce(settings: TargetSettings, key = 'key') {
  const pieces: string[] = [];
  const acknowledged: string[] = [];
  const watcher = {
    onAcknowledged: (id: string) => void acknowledged.push(id),
    onPiece: ({ text }: { text: string }) => void pieces.push(text),
  };
  const answer = await openTarget(settings).ask('年假几天？', { key, signal: signal(), watcher });
  return { answer, pieces, acknowledged };
}

test.each(PEERS)('%s: signs in, and follows an answer piece by piece', async (kind, routes) => {
  await using peer = await startPeer(routes);
  const settings = await openTarget({ kind, urls: [peer.url], apiKey: 'k', gradio }).prepare(signal());
  await openTarget(settings).signIn(signal());
  const { answer, pieces } = await askOnce(settings);
  expect(answer).toMatchObject({ status: 'completed', text: ANSWER.join('') });
  expect(pieces).toEqual(ANSWER);
});

test.each(PEERS)('%s: an answer that is cut off is lost, not completed', async (kind, routes) => {
  await using peer = await startPeer(routes);
  const settings = await openTarget({ kind, urls: [peer.url], gradio }).prepare(signal());
  peer.isCutting = true;
  const ended = await askOnce(settings).then(
    ({ answer }) => answer.status,
    () => 'lost',
  );
  expect(ended).toBe('lost');
});

test.each(PEERS.slice(1, 3))(
  '%s: what was uploaded is found, and missed when it is gone',
  async (kind, routes) => {
    await using peer = await startPeer(routes);
    const target = openTarget(await openTarget({ kind, urls: [peer.url] }).prepare(signal()));
    const text = '代号 w0123456789ab。';
    const { id, sha256 } = await target.upload({ name: 'a.md', text, key: 'a' }, signal());
    expect(await target.isSearchable(id, 'w0123456789ab', signal())).toBe(true);
    const found = await target.find('file', { id }, signal());
    expect(found.count).toBe(1);
    expect([null, sha256]).toContain(found.sha256);
    expect((await target.find('vector', { id: `${id}/w0123456789ab` }, signal())).count).toBe(1);
    peer.documents.clear();
    expect((await target.find('file', { id }, signal())).count).toBe(0);
    expect((await target.find('vector', { id: `${id}/w0123456789ab` }, signal())).count).toBe(0);
  },
);

test('anythingllm: a question whose answer was cut off was shown, and is not there afterwards', async () => {
  await using peer = await startPeer(anythingLlmRoutes);
  const settings = await openTarget({ kind: 'anythingllm', urls: [peer.url] }).prepare(signal());
  await askOnce(settings, 'whole');
  expect(await openTarget(settings).find('message', { id: 'whole' }, signal())).toMatchObject({ count: 1 });
  peer.isCutting = true;
  const { acknowledged } = await askOnce(settings, 'cut');
  expect(acknowledged).toEqual(['cut']);
  expect(await openTarget(settings).find('message', { id: 'cut' }, signal())).toMatchObject({ count: 0 });
});

test('what a system offers nothing for is refused before the drill, by name', () => {
  const plan = { everyMs: 100, objectiveMs: 50, timeoutMs: 100, most: 1 };
  const workload = { probes: { upload: plan, ask: plan }, writes: {}, questions: ['?'] };
  expect(() => refuseUnsupported({ kind: 'openai', urls: ['http://127.0.0.1:1'] }, workload)).toThrow(
    /openai cannot be probed by upload\. It can by sign-in, ask, stream/,
  );
});
