import { expect, test } from 'vitest';
import { AnswerServer, answerInPieces } from '../../../tests/support/answer-server.ts';

test('a model is found by its name, whatever signs that holds; one that does not exist is no error of the service', async () => {
  const generatorNames = ['Qwen/Qwen3-8B', '100% local', '%41'];
  await using server = await AnswerServer.start(answerInPieces, { generatorNames });
  for (const name of generatorNames) {
    const reply = await server.fetch(`/v1/models/${encodeURIComponent(name)}`);
    expect([reply.status, await reply.json()], name).toMatchObject([200, { id: name }]);
  }
  expect((await server.fetch('/v1/models/Qwen/Qwen3-8B')).status).toBe(200);
  for (const unknown of ['%25', '%25zz', 'gpt-9']) {
    const reply = await server.fetch(`/v1/models/${unknown}`);
    expect([reply.status, await reply.json()], unknown).toMatchObject([
      404,
      { error: { code: 'model_not_found' } },
    ]);
  }
});
