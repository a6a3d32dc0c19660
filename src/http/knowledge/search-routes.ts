import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { condenseQuestion } from '../../answers/condense.ts';
import { SearchVectorStore } from '../../contract/openai/vector-stores.ts';
import { SearchReply } from '../../contract/replies/knowledge.ts';
import { parseAttributeFilter } from '../../knowledge/retrieve/attribute-filter.ts';
import type { Retrieved, RetrievedHit } from '../../knowledge/retrieve/retrieve.ts';
import { validateBody } from '../foundation/validate.ts';
import type { KnowledgeDependencies } from './dependencies.ts';
import { searchResultObject } from './knowledge-objects.ts';

type ById = { Params: { id: string } };

export function searchRoutes({ retriever }: KnowledgeDependencies): FastifyPluginAsync {
  const search = async (request: FastifyRequest<ById>): Promise<unknown> => {
    const body = validateBody(SearchVectorStore, request.body);
    const given = typeof body.query === 'string' ? [body.query] : body.query;
    const queries = given.map((query) => condenseQuestion(body.history ?? [], query));
    const limit = body.max_num_results;
    const found: Retrieved[] = [];
    for (const query of queries) {
      found.push(
        await retriever.retrieve(request.principal.workspaceId, {
          query,
          knowledgeBaseIds: [request.params.id],
          filter: body.filters == null ? null : parseAttributeFilter(body.filters),
          limit,
          scoreThreshold: body.ranking_options?.score_threshold ?? 0,
        }),
      );
    }
    const degraded = found.find((one) => one.degraded !== null)?.degraded ?? null;
    return {
      object: 'vector_store.search_results.page',
      search_query: queries,
      data: bestOf(found, limit).map(searchResultObject),
      has_more: false,
      next_page: null,
      mode: degraded?.mode ?? 'full',
      mode_reason: degraded?.reason ?? null,
      mode_reason_code: degraded?.code ?? null,
    };
  };

  return async (app) => {
    app.post<ById>(
      '/v1/vector_stores/:id/search',
      {
        config: {
          role: 'reader',
          readsOnly: true,
          operation: {
            summary: 'Search a knowledge base',
            answer: SearchReply,
            tag: 'Vector stores',
            body: SearchVectorStore,
          },
        },
      },
      search,
    );
  };
}

/** A chunk that several queries find counts once, with its best score. */
function bestOf(found: readonly Retrieved[], limit: number): RetrievedHit[] {
  if (found.length === 1) return found[0]?.hits ?? [];
  const best = new Map<string, RetrievedHit>();
  for (const hit of found.flatMap(({ hits }) => hits)) {
    const known = best.get(hit.chunk.id);
    if (known === undefined || known.score < hit.score) best.set(hit.chunk.id, hit);
  }
  return [...best.values()].sort((a, b) => b.score - a.score).slice(0, limit);
}
