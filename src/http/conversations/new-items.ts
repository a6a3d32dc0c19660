import type { NewItem } from '../../answers/conversation-items.ts';
import { newId } from '../../contract/ids.ts';
import type { InputMessage } from '../../contract/openai/input-items.ts';
import { textOfContent } from '../responses/request-items.ts';

/** Messages that a client puts into a conversation by itself. */
export function newItems(messages: readonly InputMessage[]): NewItem[] {
  return messages.map((message, index) => ({
    id: newId('message'),
    role: message.role,
    text: textOfContent(message.content, `items.${index}.content`),
    runId: null,
  }));
}
