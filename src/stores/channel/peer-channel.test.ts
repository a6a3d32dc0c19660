import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { until } from '../../../tests/support/until.ts';
import { NOTHING_BUT_A_HINT, runTopic } from '../../runs/channel.ts';
import { channelUnavailable } from './channel-errors.ts';
import { PeerChannel } from './peer-channel.ts';
import { decodePeerMessage } from './peer-messages.ts';
import {
  type ChannelObserver,
  EVERYBODY,
  type PeerTransport,
  type TransportEvents,
} from './peer-transport.ts';

/** A server in memory that may lose what it is told to lose. */
class Exchange {
  readonly members = new Map<string, TransportEvents>();
  readonly sent: { to: string; text: string }[] = [];
  loses: (to: string, text: string) => boolean = () => false;

  transport(limits: Partial<PeerTransport['limits']> = {}): PeerTransport & { left: string[] } {
    let name = '';
    const left: string[] = [];
    return {
      left,
      limits: { maxTextBytes: 1_000_000, hintsOnly: false, ...limits },
      start: (self, events) => {
        name = self;
        this.members.set(self, events);
        queueMicrotask(() => events.onConnected());
      },
      send: (to, text) => this.#pass(to, text),
      leave(reason) {
        left.push(reason);
      },
      [Symbol.asyncDispose]: async () => void this.members.delete(name),
    };
  }

  /** Texts that carry messages, by how many they carry. */
  letters(): number[] {
    return this.sent.flatMap(({ text }) => {
      const message = decodePeerMessage(text);
      return message?.kind === 'deliver' ? [message.lengths.length / 2] : [];
    });
  }

  #pass(to: string, text: string): void {
    this.sent.push({ to, text });
    if (this.loses(to, text)) return;
    const readers = to === EVERYBODY ? [...this.members.values()] : [this.members.get(to)];
    for (const reader of readers) setImmediate(() => reader?.onText(text));
  }
}

let exchange: Exchange;
let cleanup: AsyncDisposableStack;
beforeEach(() => {
  exchange = new Exchange();
  cleanup = new AsyncDisposableStack();
});
afterEach(() => cleanup.disposeAsync());

function join(limits?: Partial<PeerTransport['limits']>): PeerChannel {
  return cleanup.use(new PeerChannel(exchange.transport(limits)));
}

function hear(channel: PeerChannel, topic: string): string[] {
  const messages: string[] = [];
  channel.subscribe(topic, (message) => messages.push(message));
  return messages;
}

/** Until `speaker` knows that somebody follows `topic`. */
async function known(speaker: PeerChannel, topic: string, heard: string[]): Promise<void> {
  await until(() => {
    speaker.publish(topic, 'knock');
    return heard.length > 0;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  heard.length = 0;
  exchange.sent.length = 0;
}

test('what is published in one turn leaves as one text for each process that follows some of it', async () => {
  const [worker, api, other] = [join(), join(), join()];
  const heard = [...Array(100).keys()].map((number) => hear(api, runTopic(`${number}`)));
  const heardByOther = hear(other, runTopic('7'));
  await known(worker, runTopic('99'), heard[99] as string[]);
  await known(worker, runTopic('7'), heardByOther);
  for (const messages of heard) messages.length = 0;
  for (let number = 0; number < 100; number++) worker.publish(runTopic(`${number}`), '[{"seq":1}]');
  await until(() => heard.every((messages) => messages.length === 1) && heardByOther.length === 1);
  expect(exchange.letters().sort((a, b) => a - b)).toEqual([1, 100]);
});

test('what nobody follows costs nothing', async () => {
  const [worker, api] = [join(), join()];
  const heard = hear(api, 'followed');
  await known(worker, 'followed', heard);
  for (let number = 0; number < 100; number++) worker.publish(runTopic(`${number}`), '[{"seq":1}]');
  worker.publish('followed', '');
  await until(() => heard.length === 1);
  expect(exchange.letters()).toEqual([1]);
});

test.each(['change', 'hello', 'topics'])('a lost %s is made up for', async (kind) => {
  const worker = join();
  await new Promise((resolve) => setTimeout(resolve, 20));
  let lost = 0;
  exchange.loses = (_, text) => decodePeerMessage(text)?.kind === kind && lost++ === 0;
  const api = join();
  const heard = hear(api, 'a');
  await new Promise((resolve) => setTimeout(resolve, 20));
  const later = hear(api, 'b');
  await until(() => {
    worker.publish('a', '');
    worker.publish('b', '');
    return heard.length > 0 && later.length > 0;
  });
  expect(lost).toBeGreaterThan(0);
});

test('a process that falls silent without a goodbye is chosen no more', async () => {
  const [speaker, silent, living] = [join(), join(), join()];
  const heard = hear(living, 'work');
  const unheard = hear(silent, 'work');
  await known(speaker, 'work', unheard);
  await known(speaker, 'work', heard);
  const [, silentName] = exchange.members.keys();
  exchange.members.delete(silentName as string);
  // The dead do not speak, either.
  exchange.loses = (_, text) => decodePeerMessage(text)?.from === silentName;
  await until(() => {
    heard.length = 0;
    for (let turn = 0; turn < 10; turn++) speaker.publishToOne('work', '');
    return new Promise((resolve) => setTimeout(() => resolve(heard.length === 10), 30));
  });
});

test('hints for one run are sent once a turn, and its text not at all', async () => {
  const [worker, api] = [join({ hintsOnly: true }), join({ hintsOnly: true })];
  const heard = hear(api, runTopic('a'));
  const small = hear(api, 'work');
  await known(worker, 'work', small);
  for (let seq = 1; seq <= 50; seq++) worker.publish(runTopic('a'), `[{"seq":${seq},"text":"secret"}]`);
  worker.publish('work', 'answer');
  await until(() => heard.length === 1 && small.length === 1);
  expect([heard, small]).toEqual([[NOTHING_BUT_A_HINT], ['answer']]);
  expect(exchange.letters()).toEqual([2]);
  expect(exchange.sent.some(({ text }) => text.includes('secret'))).toBe(false);
});

test('no text is longer than the server takes, whatever is said and followed', async () => {
  const limits = { maxTextBytes: 1_000 };
  const [worker, api] = [join(limits), join(limits)];
  const topics = [...Array(300).keys()].map((number) => runTopic(`多 ${number}`));
  const heard = topics.map((topic) => hear(api, topic));
  await known(worker, topics[299] as string, heard[299] as string[]);
  for (const messages of heard) messages.length = 0;
  for (const topic of topics) worker.publish(topic, topic.endsWith('7') ? '长'.repeat(1_000) : '[1]');
  await until(() => heard.every((messages) => messages.length > 0));
  expect(heard[7]).toEqual([NOTHING_BUT_A_HINT]);
  expect(heard[8]).toEqual(['[1]']);
  expect(Math.max(...exchange.sent.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(1_000);
});

test('a server from which nothing comes back is left', async () => {
  const transport = exchange.transport();
  cleanup.use(new PeerChannel(transport));
  exchange.loses = () => true;
  await until(() => transport.left.length > 0);
  expect(transport.left[0]).toMatch(/did not come back/);
});

test('hears once that the channel is up, and once for each reason why it is down', async () => {
  const onState = vi.fn<ChannelObserver>();
  const channel = cleanup.use(new PeerChannel(exchange.transport(), onState));
  expect(channel).toBeDefined();
  await until(() => onState.mock.calls.length === 1);
  const [events] = exchange.members.values();
  const reason = channelUnavailable('away');
  events?.onDisconnected(reason);
  events?.onDisconnected(reason);
  events?.onConnected();
  await until(() => onState.mock.calls.length === 3);
  expect(onState.mock.calls).toEqual([
    ['up', null],
    ['down', reason],
    ['up', null],
  ]);
});

test.each([
  '',
  'hello',
  '{}',
  'null',
  '{"kind":"deliver","from":"x","lengths":[9,9]}\nabc',
  '{"kind":"topics"}',
])('what strangers write to the same server does no harm: %j', async (text) => {
  const channel = join();
  const heard = hear(channel, 'a');
  channel.subscribe('abc', () => {
    throw new Error('it makes no sense');
  });
  await known(channel, 'a', heard);
  for (const events of exchange.members.values()) events.onText(text);
  channel.publish('a', 'still here');
  await until(() => heard.length === 1);
});
