import { z } from 'zod';

/** Text of a message, in any of the shapes that clients send. */
const TextPart = z.looseObject({ type: z.enum(['input_text', 'output_text', 'text']), text: z.string() });
const RefusalPart = z.looseObject({ type: z.literal('refusal'), refusal: z.string() });
/** Known, and refused by name: this product reads documents through its knowledge bases. */
const UnsupportedPart = z.looseObject({
  type: z.enum(['input_image', 'input_file', 'input_audio', 'image_url', 'file', 'computer_screenshot']),
});

export const ContentPart = z.discriminatedUnion('type', [TextPart, RefusalPart, UnsupportedPart]);
export type ContentPart = z.infer<typeof ContentPart>;

export const InputMessage = z.looseObject({
  type: z.literal('message').optional(),
  id: z.string().nullish(),
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([z.string(), z.array(ContentPart)]),
});
export type InputMessage = z.infer<typeof InputMessage>;

export const ItemReference = z.looseObject({ type: z.literal('item_reference').nullish(), id: z.string() });

/** Items of an earlier answer that a stateless client sends back; the answer itself is in its message. */
export const EchoedItem = z.looseObject({ type: z.enum(['reasoning', 'file_search_call', 'compaction']) });

export const InputItem = z.union([InputMessage, EchoedItem, ItemReference]);
export type InputItem = z.infer<typeof InputItem>;
