import { createHmac } from 'node:crypto';
import { fitParagraphs } from '../alerts/message.ts';
import { checkChatAnswer } from './chat-answer.ts';
import type { Notifier } from './notifier.ts';
import { postJson } from './post-json.ts';

/** The whole request may have 20 KB. */
const MAX_CONTENT_BYTES = 16_000;
/** 9499 stands for a bad request as well, so it is not among them. 11232: too many messages. */
const PASSING = new Set([11_232]);
const COLOURS = { info: 'blue', warning: 'orange', critical: 'red' } as const;

/**
 * A custom bot of Feishu or Lark (https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot). With a signature
 * the body carries the time in seconds and base64(HMAC-SHA256("time\nsecret", "")): the text is the key, of no message.
 */
export function createFeishuNotifier(options: {
  url: string;
  secret: string | null;
  now?: () => number;
}): Notifier {
  const { url, secret, now = Date.now } = options;
  return async ({ message, language, signal }) => {
    const timestamp = String(Math.floor(now() / 1_000));
    const signature =
      secret === null
        ? {}
        : { timestamp, sign: createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64') };
    const body = JSON.stringify({
      ...signature,
      msg_type: 'interactive',
      card: {
        header: {
          title: { tag: 'plain_text', content: message.title },
          template: message.isRecovery ? 'green' : COLOURS[message.severity],
        },
        elements: [{ tag: 'markdown', content: fitParagraphs(message, language, MAX_CONTENT_BYTES) }],
      },
    });
    const answer = await postJson({ url, body, signal });
    checkChatAnswer(answer, { code: ['code', 'StatusCode'], reason: ['msg', 'StatusMessage'] }, PASSING);
  };
}
