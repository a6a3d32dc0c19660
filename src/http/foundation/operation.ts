import type { z } from 'zod';

/** What the OpenAPI document says about a route. Stands in the route's `config`, beside its role. */
export interface Operation {
  summary: string;
  tag: string;
  body?: z.ZodType;
  /** Fields of a form beside its file: the body is multipart/form-data. */
  form?: z.ZodObject;
  query?: z.ZodType;
  /** Answers with server-sent events as well. */
  streams?: true;
  /** May be sent again with the header `Idempotency-Key`. */
  repeatable?: true;
  /** Of the good answer; 200 unless given. 204 has no body. */
  status?: 201 | 204;
  /** The good answer, where that is JSON. */
  answer?: z.ZodType;
  /** Media type of the good answer where that is no JSON, or not always. */
  produces?: string;
  /** Where the answer 503 looks like the good one. */
  failsAlike?: true;
  /** What the `*` at the end of the address stands for. */
  wildcard?: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Operation;
    /** A file of the console, which is no part of the API. */
    page?: true;
  }
}
