import type { FastifyReply } from 'fastify';

/** OpenAI clients wait five seconds between two looks unless told otherwise; most documents are ready sooner. */
const POLL_AFTER_MS = 500;

export function hintToPoll(reply: FastifyReply, status: string): void {
  if (status === 'in_progress') reply.header('openai-poll-after-ms', String(POLL_AFTER_MS));
}
