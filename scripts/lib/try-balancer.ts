/** A balancer with the configuration of deploy/ before two real nodes: streams through it, a node killed, a node leaving. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { API_KEY, type ClusterNode } from '../../tests/support/cluster/node.ts';
import { Cluster } from '../../tests/support/cluster.ts';
import { freePort } from '../../tests/support/free-port.ts';
import { eventsOf } from '../../tests/support/response-events.ts';
import { until } from '../../tests/support/until.ts';

const TOKENS = 120;
const TOKENS_PER_SECOND = 20;
const STREAMS = 8;
const RETRY_MS = 50;
const DEADLINE_MS = 60_000;

interface Seen {
  text: string;
  /** Of each piece of text, by this process' clock. */
  arrivals: number[];
  connections: number;
}

export async function tryBalancer(root: string, kind: 'haproxy' | 'nginx'): Promise<void> {
  // The balancer's addresses are those of this machine, in the network of the test.
  process.env.BUDAO_TRUSTED_PROXIES = '127.0.0.1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16';
  await using cluster = await Cluster.start({
    nodes: [
      { name: 'a', role: 'all' },
      { name: 'b', role: 'all' },
    ],
    tokens: TOKENS,
    tokensPerSecond: TOKENS_PER_SECOND,
  });
  const folder = mkdtempSync(join(tmpdir(), 'budao-balancer-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = startBalancer({ kind, root, folder, port, nodes: cluster.nodes });
  try {
    await until(async () => (await fetch(`${url}/readyz`).catch(() => null))?.ok === true, DEADLINE_MS);
    await compareStreams(cluster.nodes[0]?.url ?? '', url);
    await checkHeaders(url);
    await killOne(url, cluster);
    await leaveOne(url, cluster);
  } finally {
    child.kill('SIGTERM');
    rmSync(folder, { recursive: true });
  }
}

interface Place {
  kind: 'haproxy' | 'nginx';
  root: string;
  folder: string;
  port: number;
  nodes: readonly ClusterNode[];
}

/** The file of deploy/ as it is, but for addresses. */
function startBalancer({ kind, root, folder, port, nodes }: Place): ChildProcess {
  const [a = '', b = ''] = nodes.map(({ url }) => new URL(url).host);
  if (kind === 'haproxy') {
    return spawn('haproxy', ['-f', join(root, 'deploy/haproxy/haproxy.cfg')], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        BUDAO_HAPROXY_SOCKET: join(folder, 'admin.sock'),
        BUDAO_HAPROXY_BIND: `127.0.0.1:${port}`,
        BUDAO_NODE_A: a,
        BUDAO_NODE_B: b,
      },
    });
  }
  const site = readFileSync(join(root, 'deploy/nginx/budao.conf'), 'utf8')
    .replace('10.0.0.11:7860', a)
    .replace('10.0.0.12:7860', b)
    .replace('listen 8080', `listen 127.0.0.1:${port}`);
  const main = `daemon off; pid ${folder}/pid; error_log ${folder}/error.log;\nevents {}\nhttp { access_log off;\n${site}}\n`;
  writeFileSync(join(folder, 'nginx.conf'), main);
  return spawn('nginx', ['-c', join(folder, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A buffering proxy gives many tokens at once, after a silence; both ways have to look alike. */
async function compareStreams(beside: string, through: string): Promise<void> {
  const [direct, proxied] = await Promise.all([follow(beside), follow(through)]);
  const summary = { beside: silencesOf(direct), through: silencesOf(proxied) };
  for (const [way, { pieces, median, p99, longest }] of Object.entries(summary))
    say(
      `${way}: ${pieces} pieces, silence between them median ${median} ms, p99 ${p99} ms, longest ${longest} ms`,
    );
  assert.equal(proxied.text, direct.text);
  assert.ok(summary.through.pieces > TOKENS / 4, 'the proxy gathers what should pass at once');
  assert.ok(summary.through.longest < 1_500, 'the proxy holds back what came');
}

/** What the balancer says is believed, and what a client says through it is not. */
async function checkHeaders(url: string): Promise<void> {
  const probe = await (await fetch(`${url}/readyz?verbose`)).text();
  assert.doesNotMatch(probe, /postgres|127\.0\.0\.1/, 'details reach people through the balancer');
  const metrics = await fetch(`${url}/metrics`);
  assert.equal(metrics.status, 200, 'this machine may read metrics');
  await metrics.arrayBuffer();
  const response = await fetch(`${url}/auth/sign-in`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'https',
    },
    body: JSON.stringify({ username: 'nobody', password: 'wrong' }),
  });
  assert.ok(response.status >= 400 && response.status < 500, `${response.status}`);
  await response.arrayBuffer();
}

async function killOne(url: string, cluster: Cluster): Promise<void> {
  const streams = Array.from({ length: STREAMS }, () => follow(url));
  await sleep(2_000);
  await cluster.nodes[0]?.kill();
  report('a node killed', await Promise.all(streams));
  await cluster.nodes[0]?.start();
  await sleep(8_000);
}

async function leaveOne(url: string, cluster: Cluster): Promise<void> {
  const streams = Array.from({ length: STREAMS }, () => follow(url));
  const asking = { isOver: false };
  const short = askAgainAndAgain(url, asking);
  await sleep(2_000);
  const node = cluster.nodes[1];
  const leader = Math.min(...(node?.group() ?? []).map(({ pid }) => pid));
  const toldMs = performance.now();
  process.kill(leader, 'SIGTERM');
  await until(() => node?.group().length === 0, DEADLINE_MS);
  say(`the node had left after ${((performance.now() - toldMs) / 1_000).toFixed(2)} s`);
  report('a node told to leave', await Promise.all(streams));
  asking.isOver = true;
  const { good, bad } = await short;
  say(
    `short requests meanwhile: ${good} answered, ${bad.length} refused${bad.length > 0 ? `: ${[...new Set(bad)].join('; ')}` : ''}`,
  );
}

function report(what: string, seen: readonly Seen[]): void {
  const whole = Array.from({ length: TOKENS }, (_, index) => `t${index + 1}`).join(' ');
  for (const { text } of seen) assert.equal(text.trim(), whole, `${what}: an answer is not whole`);
  const moved = seen.filter(({ connections }) => connections > 1);
  const longest = Math.max(...seen.map((one) => silencesOf(one).longest));
  say(
    `${what}: ${seen.length} streams whole, ${moved.length} resumed elsewhere, longest silence ${longest} ms`,
  );
}

async function askAgainAndAgain(
  url: string,
  asking: { isOver: boolean },
): Promise<{ good: number; bad: string[] }> {
  const bad: string[] = [];
  let good = 0;
  while (!asking.isOver) {
    const response = await fetch(`${url}/v1/models`, {
      headers: { authorization: `Bearer ${API_KEY}` },
    }).catch((error: Error) => error);
    if (response instanceof Error) bad.push(`${response.message} ${String(response.cause)}`);
    else {
      await response.arrayBuffer().catch(() => {});
      if (response.ok) good += 1;
      else bad.push(`${response.status}`);
    }
    await sleep(20);
  }
  return { good, bad };
}

/** Asks, and comes back with the last number after each break, as the API documents it. */
async function follow(url: string): Promise<Seen> {
  const seen: Seen = { text: '', arrivals: [], connections: 0 };
  const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
  const key = crypto.randomUUID();
  const giveUpMs = performance.now() + DEADLINE_MS;
  let id = '';
  let last = -1;
  for (;;) {
    if (performance.now() > giveUpMs) throw new Error(`no end of ${id}: ${seen.text.length} characters`);
    try {
      const response = await (id === ''
        ? fetch(`${url}/v1/responses`, {
            method: 'POST',
            headers: { ...headers, 'idempotency-key': key },
            body: JSON.stringify({ model: 'budao', input: 'count', stream: true }),
          })
        : fetch(`${url}/v1/responses/${id}?stream=true&starting_after=${last}`, { headers }));
      if (!response.ok || response.body === null) throw new Error(`${response.status}`);
      seen.connections += 1;
      for await (const event of eventsOf(response.body)) {
        if (event.sequence_number <= last) continue;
        if (event.type === 'error') break;
        last = event.sequence_number;
        id ||= event.response?.id ?? '';
        if (event.type === 'response.output_text.delta') {
          seen.text += event.delta ?? '';
          seen.arrivals.push(performance.now());
        }
        if (event.type === 'response.completed') return seen;
      }
    } catch {
      await sleep(RETRY_MS);
    }
  }
}

function silencesOf({ arrivals }: Seen): { pieces: number; median: number; p99: number; longest: number } {
  const gaps = arrivals
    .slice(1)
    .map((at, index) => Math.round(at - (arrivals[index] ?? 0)))
    .sort((left, right) => left - right);
  const at = (share: number): number => gaps[Math.floor(share * (gaps.length - 1))] ?? 0;
  return { pieces: arrivals.length, median: at(0.5), p99: at(0.99), longest: at(1) };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
