import type { z } from 'zod';

/** What the OpenAPI document says about a route. Stands in the route's `config`, beside its role. */
export interface Operation {
  summary: string;
  tag: string;
  body?: z.ZodType;
  query?: z.ZodType;
  /** Answers with server-sent events as well. */
  streams?: true;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Operation;
  }
}
