import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginAsync } from 'fastify';
import { z } from 'zod';
import { listPage } from '../../contract/openai/common.ts';
import { deletionOf, pageOf } from '../../contract/replies/common.ts';
import { ChannelBody, ChannelChangeBody } from '../../health/alerts/channel-settings.ts';
import { type AlertChannels, requireChannel } from '../../health/alerts/channels.ts';
import { listMessages, submitTest } from '../../health/alerts/notify.ts';
import { ledgerTime } from '../../ledger/clock.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { isTerminal, type Run } from '../../runs/run.ts';
import { getRun } from '../../runs/run-store.ts';
import { callerOf } from '../caller.ts';
import type { RunAnnouncer } from '../dependencies.ts';
import { validate, validateBody } from '../foundation/validate.ts';
import { channelObject, messageObject } from './alert-objects.ts';
import { AlertChannelReply, AlertMessageReply } from './alert-replies.ts';

type ById = { Params: { id: string } };
const tag = 'Operations';
/** Somebody waits for the outcome of a test. */
const TEST_WAIT_MS = 20_000;
const TEST_POLL_MS = 100;
const MessagesQuery = z.looseObject({
  limit: z.coerce.number().pipe(z.int().min(1).max(100)).default(20),
});

export interface AlertChannelRoutes {
  ledger: Ledger;
  channels: AlertChannels;
  runs: RunAnnouncer;
}

/** Where alerts go, whether it works, and what was sent. */
export function alertChannelRoutes({ ledger, channels, runs }: AlertChannelRoutes): FastifyPluginAsync {
  return async (app) => {
    app.get(
      '/ops/alerts/channels',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: { summary: 'List alert channels', answer: pageOf(AlertChannelReply), tag },
        },
      },
      async () => {
        const data = (await channels.list()).map(channelObject);
        return listPage(data, data.length);
      },
    );
    app.post(
      '/ops/alerts/channels',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: {
            summary: 'Add an alert channel',
            answer: AlertChannelReply,
            tag,
            body: ChannelBody,
            status: 201,
          },
        },
      },
      async (request, reply) => {
        const channel = await channels.create(validateBody(ChannelBody, request.body));
        request.log.warn({ channel: channel.id, by: callerOf(request).ownerId }, 'alert channel added');
        return reply.code(201).send(channelObject(channel));
      },
    );
    app.patch<ById>(
      '/ops/alerts/channels/:id',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: {
            summary: 'Change an alert channel',
            answer: AlertChannelReply,
            tag,
            body: ChannelChangeBody,
          },
        },
      },
      async (request) => {
        const change = validateBody(ChannelChangeBody, request.body);
        const { id } = request.params;
        const channel = await channels.change(id, change, (body) => validate(ChannelBody, body));
        request.log.warn({ channel: id, by: callerOf(request).ownerId }, 'alert channel changed');
        return channelObject(channel);
      },
    );
    app.delete<ById>(
      '/ops/alerts/channels/:id',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: { summary: 'Remove an alert channel', answer: deletionOf('alert.channel.deleted'), tag },
        },
      },
      async (request) => {
        const { id } = request.params;
        await channels.remove(id);
        request.log.warn({ channel: id, by: callerOf(request).ownerId }, 'alert channel removed');
        return { id, object: 'alert.channel.deleted', deleted: true };
      },
    );
    app.post<ById>(
      '/ops/alerts/channels/:id/test',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: { summary: 'Send a test message', answer: AlertMessageReply, tag },
        },
      },
      async (request) => {
        const channel = await requireChannel(ledger.read, request.params.id);
        const run = await ledger.transaction((tx) => submitTest(tx, channel, ledgerTime()));
        runs.announce(run);
        return messageObject(await outcomeOf(ledger, run));
      },
    );
    app.get(
      '/ops/alerts/messages',
      {
        config: {
          role: 'reader',
          operator: true,
          operation: {
            summary: 'What was sent, the newest first',
            answer: pageOf(AlertMessageReply),
            tag,
            query: MessagesQuery,
          },
        },
      },
      async (request) => {
        const { limit } = validate(MessagesQuery, request.query);
        const messages = await listMessages(ledger.read, limit + 1);
        return listPage(messages.map(messageObject), limit);
      },
    );
  };
}

/** As it is when the wait is over; a run that goes on can be looked up among the messages. */
async function outcomeOf(ledger: Ledger, run: Run): Promise<Run> {
  const untilMs = performance.now() + TEST_WAIT_MS;
  for (;;) {
    const now = (await getRun(ledger.read, run.id)) ?? run;
    if (isTerminal(now.status) || performance.now() >= untilMs) return now;
    await sleep(TEST_POLL_MS);
  }
}
