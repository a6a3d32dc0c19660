import type { Channel } from '../../runs/channel.ts';

/** What is broken, the check that must notice it, and how. */
export type BrokenChannel = readonly [string, RegExp, (channel: Channel) => Partial<Channel>];

/** Every adapter is broken in the same ways, to show that the suite looks at it. */
export const brokenChannels: readonly BrokenChannel[] = [
  [
    'messages for one of many that reach all',
    /one of many/,
    (channel) => ({ publishToOne: (topic, message) => channel.publish(topic, message) }),
  ],
  [
    'messages for one of many of which some reach nobody',
    /one of many/,
    (channel) => {
      let chosen = 0;
      return {
        publishToOne: (topic, message) => {
          if (chosen++ % 3 > 0) channel.publishToOne(topic, message);
        },
      };
    },
  ],
  [
    'a subscription that does not end',
    /stopped to follow hears/,
    (channel) => ({
      subscribe: (topic, listener) => {
        channel.subscribe(topic, listener);
        return () => {};
      },
    }),
  ],
  [
    'messages that overtake others',
    /in order/,
    (channel) => {
      let held: (() => void) | null = null;
      return {
        publish: (topic, message) => {
          if (topic === 'topic 3' && message === '7') {
            held = () => channel.publish(topic, message);
            return;
          }
          channel.publish(topic, message);
          if (topic === 'topic 3') {
            held?.();
            held = null;
          }
        },
      };
    },
  ],
  [
    'messages that come twice',
    /in order/,
    (channel) => ({
      publish: (topic, message) => {
        channel.publish(topic, message);
        channel.publish(topic, message);
      },
    }),
  ],
  [
    'text that is cut to bytes',
    /whole/,
    (channel) => ({
      publish: (topic, message) => channel.publish(topic, Buffer.from(message).toString('latin1')),
    }),
  ],
  [
    'a message that reaches the followers of other topics',
    /nobody else/,
    (channel) => ({
      publish: (topic, message) => {
        channel.publish(topic, message);
        channel.publish('other', message);
      },
    }),
  ],
  [
    'long messages that vanish',
    /very long/,
    (channel) => ({
      publish: (topic, message) => {
        if (message.length < 100_000) channel.publish(topic, message);
      },
    }),
  ],
  [
    'more messages in a moment than are gathered',
    /of one moment/,
    (channel) => {
      let room = 50;
      return {
        publish: (topic, message) => {
          setImmediate(() => (room = 50));
          if (room-- > 0) channel.publish(topic, message);
        },
      };
    },
  ],
];

/** A channel that does what is broken, and the rest as it was. */
export function breakChannel(channel: Channel, breaking: BrokenChannel[2]): Channel {
  return {
    publish: (topic, message) => channel.publish(topic, message),
    publishToOne: (topic, message) => channel.publishToOne(topic, message),
    subscribe: (topic, listener) => channel.subscribe(topic, listener),
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
    ...breaking(channel),
  };
}
