import { z } from 'zod';
import { Line, Metadata } from './common.ts';
import { InputMessage } from './input-items.ts';

const Title = Line.trim().min(1).max(200);

export const CreateConversation = z.strictObject({
  items: z.array(InputMessage).max(20).nullish(),
  metadata: Metadata.nullish(),
  title: Title.nullish(),
});

export const UpdateConversation = z.strictObject({
  metadata: Metadata.nullish(),
  title: Title.optional(),
});

export const CreateItems = z.strictObject({ items: z.array(InputMessage).min(1).max(20) });

export const ConversationListQuery = z.looseObject({
  limit: z.coerce.number().pipe(z.int().min(1).max(100)).default(20),
  after: z.string().optional(),
  query: z.string().max(200).optional(),
});

export const ExportQuery = z.looseObject({ format: z.enum(['markdown', 'json']).default('markdown') });
