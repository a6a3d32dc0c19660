import { createHmac } from 'node:crypto';
import { fitParagraphs } from '../alerts/message.ts';
import { checkChatAnswer } from './chat-answer.ts';
import type { Notifier } from './notifier.ts';
import { postJson } from './post-json.ts';

const MAX_CONTENT_BYTES = 16_000;
/** -1: the system is busy; 130101: more than 20 messages a minute; 410100: the same, in other words. */
const PASSING = new Set([-1, 130_101, 410_100]);

/**
 * A custom robot of DingTalk (https://open.dingtalk.com/document/robots/custom-robot-access). With a signing secret the
 * address carries the time and base64(HMAC-SHA256(secret, "time\nsecret")).
 */
export function createDingtalkNotifier(options: {
  url: string;
  secret: string | null;
  now?: () => number;
}): Notifier {
  const { secret, now = Date.now } = options;
  return async ({ message, language, signal }) => {
    const url = new URL(options.url);
    if (secret !== null) {
      const timestamp = String(now());
      const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
      url.searchParams.set('timestamp', timestamp);
      url.searchParams.set('sign', sign);
    }
    // A line break alone is none in its Markdown.
    const text = fitParagraphs(message, language, MAX_CONTENT_BYTES).replaceAll(/(?<!\n)\n(?!\n)/g, '  \n');
    const body = JSON.stringify({
      msgtype: 'markdown',
      markdown: { title: message.title, text: `### ${message.title}\n\n${text}` },
    });
    const answer = await postJson({ url: url.href, body, signal });
    checkChatAnswer(answer, { code: ['errcode'], reason: ['errmsg'] }, PASSING);
  };
}
