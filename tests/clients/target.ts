import { inject } from 'vitest';

/** The running service that the client tests talk to. */
export interface ClientTarget {
  /** With `/v1`, as a client configures it. */
  baseUrl: string;
  apiKey: string;
  /** Its one document answers QUESTION; the model `citing` cites it. */
  knowledgeBaseId: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    clientTarget: ClientTarget;
  }
}

export const QUESTION = 'How many days of annual leave do staff have?';
/** What the model `slow` answers, 40 tokens a second. */
export const SLOW_TOKENS: readonly string[] = Array.from({ length: 120 }, (_, index) => `t${index + 1} `);
export const SLOW_ANSWER = SLOW_TOKENS.join('');

export function clientTarget(): ClientTarget {
  return inject('clientTarget');
}
