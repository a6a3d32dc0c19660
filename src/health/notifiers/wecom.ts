import { fitParagraphs } from '../alerts/message.ts';
import { checkChatAnswer } from './chat-answer.ts';
import type { Notifier } from './notifier.ts';
import { postJson } from './post-json.ts';

/** Of Markdown, in UTF-8. */
const MAX_CONTENT_BYTES = 4_096;
/** -1: the system is busy; 45009: more than 20 messages a minute. */
const PASSING = new Set([-1, 45_009]);

/** A group robot of WeCom (https://developer.work.weixin.qq.com/document/path/91770). Its address is its key. */
export function createWecomNotifier({ url }: { url: string }): Notifier {
  return async ({ message, language, signal }) => {
    const colour = message.isRecovery ? 'info' : message.severity === 'info' ? 'comment' : 'warning';
    const title = `<font color="${colour}">**${message.title}**</font>\n`;
    const text = fitParagraphs(message, language, MAX_CONTENT_BYTES - Buffer.byteLength(title), '\n');
    const body = JSON.stringify({ msgtype: 'markdown', markdown: { content: title + text } });
    const answer = await postJson({ url, body, signal });
    checkChatAnswer(answer, { code: ['errcode'], reason: ['errmsg'] }, PASSING);
  };
}
