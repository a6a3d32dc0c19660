import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, NOTHING_BUT_A_HINT, runTopic } from '../../runs/channel.ts';

/** Channels of processes that share a server; disposed by whoever made them. */
export interface ChannelSystem extends AsyncDisposable {
  /** Another process of the same installation, which hears the others and is heard. */
  join(): Promise<Channel>;
  /** A process of another installation, on the same server where that can be. */
  joinOther(): Promise<Channel>;
  /** The events of runs arrive as hints. */
  hintsOnly: boolean;
}

export interface ChannelCheck {
  /** What would be broken for a user. */
  name: string;
  run(system: ChannelSystem): Promise<void>;
}

const DEADLINE_MS = 5_000;
/** What must not arrive would have arrived by then. */
const SETTLE_MS = 150;
const CANARY = 'canary';

/** What every adapter of the live channel must give. A list, so that it can also be shown to fail. */
export const channelConformance: readonly ChannelCheck[] = [
  {
    name: 'a message reaches all who follow its topic, whole, and nobody else',
    async run(system) {
      const [speaker, first, second] = await joinAll(system, 3);
      const heard = [hear(first, 'news'), hear(second, 'news')];
      const others = hear(second, 'other');
      await reach(speaker, [first, second]);
      const message = '你好, "wörld"\n{}[]\u2028\u0001 😀';
      speaker.publish('news', message);
      for (const one of heard) await one.has([message]);
      await sleep(SETTLE_MS);
      assert.deepEqual(others.messages, []);
      assert.deepEqual(
        heard.map((one) => one.messages.length),
        [1, 1],
      );
    },
  },
  {
    name: 'a process hears what it says itself',
    async run(system) {
      const [alone] = await joinAll(system, 1);
      const heard = hear(alone, 'news');
      await reach(alone, [alone]);
      alone.publish('news', 'hello');
      await heard.has(['hello']);
    },
  },
  {
    name: 'messages for one of many reach one each, and all of them in turn',
    async run(system) {
      const [speaker, ...workers] = await joinAll(system, 4);
      const heard = workers.map((worker) => hear(worker, 'work'));
      await reach(speaker, workers);
      for (let number = 0; number < 30; number++) speaker.publishToOne('work', String(number));
      const all = () => heard.flatMap((one) => one.messages);
      await eventually(() => all().length >= 30);
      await sleep(SETTLE_MS);
      assert.deepEqual(
        all()
          .map(Number)
          .sort((a, b) => a - b),
        [...Array(30).keys()],
      );
      assert.deepEqual(
        heard.map((one) => one.messages.length),
        [10, 10, 10],
      );
    },
  },
  {
    name: 'nobody is chosen who has stopped to follow, or left',
    async run(system) {
      const [speaker, leaver, stayer, quitter] = await joinAll(system, 4);
      const heard = hear(stayer, 'work');
      const left = hear(leaver, 'work');
      hear(quitter, 'work');
      await reach(speaker, [leaver, stayer, quitter]);
      left.end();
      await quitter[Symbol.asyncDispose]();
      await reach(speaker, [leaver, stayer]);
      await reach(leaver, [speaker]);
      for (let number = 0; number < 20; number++) speaker.publishToOne('work', String(number));
      await eventually(() => heard.messages.length >= 20);
      assert.deepEqual(left.messages, []);
    },
  },
  {
    name: 'who has stopped to follow hears nothing more, and others do',
    async run(system) {
      const [speaker, listener] = await joinAll(system, 2);
      const ended = hear(listener, 'news');
      const going = hear(listener, 'news');
      const last = hear(listener, 'last');
      await reach(speaker, [listener]);
      ended.end();
      last.end();
      await reach(speaker, [listener]);
      speaker.publish('news', 'one');
      speaker.publish('last', 'two');
      await going.has(['one']);
      await sleep(SETTLE_MS);
      assert.deepEqual([ended.messages, last.messages], [[], []]);
    },
  },
  {
    name: 'what one process says about a topic arrives in order, nothing twice',
    async run(system) {
      const [speaker, listener] = await joinAll(system, 2);
      const topics = [...Array(20).keys()].map((number) => `topic ${number}`);
      const heard = topics.map((topic) => hear(listener, topic));
      await reach(speaker, [listener]);
      const expected: string[] = [];
      for (let round = 0; round < 30; round++) {
        expected.push(String(round));
        for (const topic of topics) speaker.publish(topic, String(round));
        if (round % 7 === 0) await sleep(1);
      }
      for (const one of heard) await one.has(expected);
      await sleep(SETTLE_MS);
      for (const one of heard) assert.deepEqual(one.messages, expected);
    },
  },
  {
    name: 'the events of a run reach its followers, or a hint that there are some',
    async run(system) {
      const [worker, api] = await joinAll(system, 2);
      const heard = hear(api, runTopic('a'));
      await reach(worker, [api]);
      const events = JSON.stringify([{ seq: 1, type: 'answer.delta', payload: { text: '你好' } }]);
      worker.publish(runTopic('a'), events);
      await heard.has([system.hintsOnly ? NOTHING_BUT_A_HINT : events]);
    },
  },
  {
    name: 'a very long message arrives, or a hint in its place, and the channel lives on',
    async run(system) {
      const [worker, api] = await joinAll(system, 2);
      const heard = hear(api, runTopic('a'));
      await reach(worker, [api]);
      const long = JSON.stringify(['长'.repeat(1_000_000)]);
      worker.publish(runTopic('a'), long);
      await heard.has([system.hintsOnly ? NOTHING_BUT_A_HINT : long]);
      await reach(worker, [api]);
    },
  },
  {
    name: 'a hundred messages of one moment for a thousand followed topics arrive',
    async run(system) {
      const [worker, api] = await joinAll(system, 2);
      const topics = [...Array(1_000).keys()].map(
        (number) => `some topic that is followed, number ${number}`,
      );
      const heard = topics.map((topic) => hear(api, topic));
      await reach(worker, [api]);
      for (const topic of topics.slice(0, 100)) worker.publish(topic, topic);
      for (const [index, topic] of topics.slice(0, 100).entries()) await heard[index]?.has([topic]);
    },
  },
  {
    name: 'who joins late is heard, and hears',
    async run(system) {
      const [first] = await joinAll(system, 1);
      const heard = hear(first, 'news');
      const late = await system.join();
      const answer = hear(late, 'answers');
      await reach(late, [first]);
      await reach(first, [late]);
      late.publish('news', 'hello');
      await heard.has(['hello']);
      first.publish('answers', 'welcome');
      await answer.has(['welcome']);
    },
  },
  {
    name: 'two installations do not hear one another',
    async run(system) {
      const [ours, listener] = await joinAll(system, 2);
      const [theirs, other] = [await system.joinOther(), await system.joinOther()];
      const heard = hear(listener, 'work');
      const overheard = hear(other, 'work');
      await reach(ours, [listener]);
      await reach(theirs, [other]);
      for (let number = 0; number < 10; number++) ours.publishToOne('work', String(number));
      ours.publish('work', 'all');
      await eventually(() => heard.messages.length === 11);
      await sleep(SETTLE_MS);
      assert.deepEqual(overheard.messages, []);
    },
  },
];

interface Heard {
  messages: string[];
  end(): void;
  /** Waits for these messages, the first ones. */
  has(expected: readonly string[]): Promise<void>;
}

function hear(channel: Channel, topic: string): Heard {
  const messages: string[] = [];
  const end = channel.subscribe(topic, (message) => messages.push(message));
  return {
    messages,
    end,
    async has(expected) {
      await eventually(() => messages.length >= expected.length);
      assert.deepEqual(messages.slice(0, expected.length), expected);
    },
  };
}

async function joinAll<const Count extends number>(
  system: ChannelSystem,
  count: Count,
): Promise<Count extends 1 ? [Channel] : [Channel, Channel, Channel, Channel]> {
  const joined: Channel[] = [];
  while (joined.length < count) joined.push(await system.join());
  return joined as never;
}

/** Until what `speaker` says reaches each of them; what they have said before has then arrived as well. */
async function reach(speaker: Channel, listeners: readonly Channel[]): Promise<void> {
  const topic = `${CANARY} ${Math.random()}`;
  const heard = listeners.map((listener) => hear(listener, topic));
  await eventually(() => {
    speaker.publish(topic, '');
    return heard.every((one) => one.messages.length > 0);
  });
  for (const one of heard) one.end();
}

async function eventually(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + DEADLINE_MS;
  while (!condition()) {
    assert.ok(performance.now() < giveUpAt, `never true: ${condition}`);
    await sleep(5);
  }
}
