import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResponseObject } from '../../src/contract/openai/response-object.ts';
import { budao, type CliResult } from '../support/cli.ts';
import { startUpstream, type Upstream } from '../support/lying-upstream.ts';
import { Service } from '../support/service.ts';
import { until } from '../support/until.ts';

const TOKENS = 60;
const WHOLE_ANSWER = Array.from({ length: TOKENS }, (_, index) => `t${index + 1}`).join(' ');
const DOCUMENT = `# 员工休假管理办法

第四条 年休假按累计工作年限计算：满1年不满10年的，年休假5天；满10年不满20年的，年休假10天；满20年的，年休假15天。
`;

describe('budao ask', () => {
  let upstream: Upstream;
  let service: Service;
  const ask = (args: string[], options: Parameters<typeof budao>[1] = {}): Promise<CliResult> =>
    budao(['ask', '--data-dir', service.dataDir, ...args], options);

  beforeAll(async () => {
    upstream = await startUpstream({ tokens: TOKENS, tokensPerSecond: 40 });
    service = await Service.start({
      environment: { BUDAO_MODEL_BASE_URL: upstream.url, BUDAO_MODEL_NAME: 'numbers' },
    });
    const base = await service.json<{ id: string }>('POST', '/v1/vector_stores', { name: '制度' });
    const form = new FormData();
    form.set('file', new File([DOCUMENT], '休假.md'));
    const path = `/v1/vector_stores/${base.id}/files`;
    const { id } = await service.json<{ id: string }>('POST', `/v1/vector_stores/${base.id}/documents`, form);
    await until(
      async () => (await service.json<{ status: string }>('GET', `${path}/${id}`)).status === 'completed',
    );
  }, 180_000);

  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await upstream?.[Symbol.asyncDispose]();
  });

  it('answers from the documents and lists each source with its place', async () => {
    const { code, stdout } = await ask(['--model', 'extractive', '工作满十年年休假几天？', '--kb', '制度']);
    expect(code).toBe(0);
    expect(stdout).toContain('年休假10天');
    expect(stdout).toMatch(/Sources\n {2}\[1\] 休假\.md › .*第四条/);
    expect(stdout).toContain('mode: extractive');
  });

  it('prints one JSON object and nothing else with --json', async () => {
    const { code, stdout } = await ask(['--json', '--model', 'extractive', '工作满十年年休假几天？']);
    expect(code).toBe(0);
    const response = JSON.parse(stdout) as ResponseObject;
    expect(response.status).toBe('completed');
    expect(response.budao.mode).toBe('extractive');
  });

  it('writes the text while it comes, and reads the question from stdin', async () => {
    const lengths: number[] = [];
    const { code, stdout } = await ask(['-'], {
      input: 'count\n',
      onOutput: (text) => lengths.push(text.length),
    });
    expect(code).toBe(0);
    expect(stdout).toContain(WHOLE_ANSWER);
    expect(lengths.length).toBeGreaterThan(5);
  });

  it('goes on after the API process is killed, with nothing lost or doubled', async () => {
    let killed = 0;
    const { code, stdout } = await ask(['count on'], {
      onOutput: (text) => {
        if (killed > 0 || !text.includes('t10 ')) return;
        killed = service.kill('api');
      },
    });
    expect(killed).toBeGreaterThan(0);
    expect(code).toBe(0);
    expect(stdout).toContain(WHOLE_ANSWER);
    expect(stdout.match(/\bt30\b/g)).toHaveLength(1);
  });

  it('stops the answer on the server at Ctrl+C', async () => {
    const { code, stderr } = await ask(['count until stopped'], {
      onOutput: (text, child) => {
        if (!text.includes('t5 ') || child.killed) return;
        // A key press in a terminal comes twice: to the whole process group, and handed on by npx.
        child.kill('SIGINT');
        child.kill('SIGINT');
      },
    });
    expect(code).toBe(130);
    expect(stderr).toContain('The answer was stopped.');
    const { data } = await service.json<{ data: { status: string }[] }>(
      'GET',
      '/ops/runs?kind=answer&limit=1',
    );
    expect(data[0]?.status).toBe('cancelled');
  });

  it('goes on in the conversation that it began', async () => {
    const first = await ask(['--json', '--model', 'extractive', '--conversation', 'new', '年休假几天？']);
    const { conversation } = JSON.parse(first.stdout) as ResponseObject;
    const second = await ask([
      '--json',
      '--model',
      'extractive',
      '--conversation',
      conversation?.id ?? '',
      '那二十年呢？',
    ]);
    expect(second.code).toBe(0);
    expect((JSON.parse(second.stdout) as ResponseObject).conversation).toEqual(conversation);
  });

  it.each([
    ['an unknown model', ['x', '--model', 'gpt-0'], 4, 'model_not_found', '--model with one of'],
    ['an unknown knowledge base', ['x', '--kb', 'none'], 4, 'knowledge_base_not_found', '制度'],
    ['an empty question', [' '], 2, 'question_empty', 'budao ask'],
    ['an unknown conversation', ['x', '--conversation', 'conv_none'], 4, 'conversation_not_found', ''],
    ['a wrong key', ['x', '--api-key', 'bdk_wrong'], 4, 'invalid_api_key', 'budao keys create'],
    ['a missing question', [], 2, 'missing required argument', 'budao ask --help'],
  ])('says what to try after %s', async (_name, args, code, error, hint) => {
    const result = await ask(args);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
    expect(result.stderr).toContain(error);
    expect(result.stderr).toContain(hint);
  });
});
