import type { AnswerInput } from '../../src/contract/answer.ts';

/** A question as a conversation asks it; the rest is what most requests leave out. */
export const ANSWER_INPUT: AnswerInput = {
  surface: 'responses',
  question: 'How long is leave?',
  inputItems: [],
  messages: [],
  instructions: null,
  conversationId: 'conv_1',
  previousResponseId: null,
  replacesResponseId: null,
  knowledgeBaseIds: null,
  fileSearchRequested: false,
  filters: null,
  maxNumResults: null,
  scoreThreshold: null,
  includeSearchResults: false,
  model: 'budao',
  temperature: null,
  topP: null,
  maxOutputTokens: null,
  metadata: {},
  store: true,
  background: false,
  ownerId: 'user_1',
  bodyHash: '',
};
