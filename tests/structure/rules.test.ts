import { describe, expect, test } from 'vitest';
import { checkImports, importsOf } from './import-rules.ts';
import { checkLinks } from './link-rules.ts';
import { checkManifests } from './manifest-rules.ts';
import { checkText } from './text-rules.ts';

const RULES = {
  layers: { contract: [], runs: ['contract'], models: ['answers/ports.ts'], cli: ['contract'] },
  packages: { '@lancedb/lancedb': ['stores/index'] },
};
const importing = (path: string, ...specifiers: string[]) => [
  { path, text: specifiers.map((specifier) => `import { x } from '${specifier}';\n`).join('') },
];
const messages = (violations: { message: string }[]) => violations.map(({ message }) => message);

describe('imports', () => {
  test('are found in every form', () => {
    const text = [
      `import a from 'a';`,
      `import {\n  b,\n  type B,\n} from 'b';`,
      `import 'c';`,
      `export * from 'd';`,
      `const e = await import('e');`,
      `const f = "import f from 'f'";`,
    ].join('\n');
    expect(importsOf(text).map(({ specifier }) => specifier)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(importsOf(text).map(({ line }) => line)).toEqual([1, 5, 6, 7, 8]);
  });

  test.each([
    ['src/contract/ids.ts', '../runs/run.ts', 'contract may not import runs/run.ts'],
    ['src/runs/run.ts', '../stores/ledger/sqlite.ts', 'runs may not import stores/ledger/sqlite.ts'],
    ['src/models/openai.ts', '../answers/answer.ts', 'models may not import answers/answer.ts'],
    ['src/cli/ask.ts', '../models/openai.ts', 'cli may not import models/openai.ts'],
    ['src/novel/x.ts', '../contract/ids.ts', 'src/novel has no line in tests/structure/layers.json'],
    ['src/runs/run.ts', '../../tests/support/until.ts', 'the program does not import testing aids'],
    ['src/runs/run.ts', '../../scripts/up.mjs', 'the program is in src'],
    ['console/src/main.tsx', '../../src/answers/modes.ts', 'the console imports only src/contract'],
    ['src/runs/run.ts', '@lancedb/lancedb', 'only stores/index may import @lancedb/lancedb'],
  ])('against the direction are refused: %s → %s', (path, specifier, message) => {
    expect(messages(checkImports(importing(path, specifier), RULES))).toEqual([
      expect.stringContaining(message),
    ]);
  });

  test.each([
    ['src/runs/run.ts', '../contract/ids.ts'],
    ['src/runs/run.ts', './epoch.ts'],
    ['src/models/openai.ts', '../answers/ports.ts'],
    ['src/runs/run.test.ts', '../stores/ledger/sqlite.ts'],
    ['src/stores/index/lancedb.ts', '@lancedb/lancedb'],
    ['console/src/main.tsx', '../../src/contract/answer.ts'],
  ])('in the direction are fine: %s → %s', (path, specifier) => {
    expect(checkImports(importing(path, specifier), RULES)).toEqual([]);
  });
});

describe('text', () => {
  test.each([
    ['src/runs/run.ts', 'x\n'.repeat(401), '401 lines'],
    ['src/runs/run.ts', '// TODO: later', 'finish it'],
    ['docs/guide.md', 'FIXME', 'finish it'],
    ['src/runs/run.test.ts', "test.only('x', run)", 'every test runs'],
    ['tests/faults/x.test.ts', "describe.skip('x', run)", 'every test runs'],
    ['docs/guide.md', 'see /home/me/notes', 'a path of one machine'],
    ['src/runs/run.ts', "open('/root/x')", 'a path of one machine'],
    ['src/runs/run.ts', 'process.env.HOME', 'only the configuration'],
    ['src/system/supervisor.ts', 'process.exit(1)', 'only the entry'],
    ['src/cli/commands/ask.ts', 'process.exit(1)', 'only the entry'],
  ])('is refused: %s with %j', (path, text, message) => {
    expect(messages(checkText([{ path, text }]))).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    ['src/runs/run.ts', 'x\n'.repeat(400)],
    ['src/system/configuration.ts', 'process.env'],
    ['src/system/main.ts', 'process.exit(2)'],
    ['src/http/files.ts', "'/v1/work/list' + 'https://example.org/home/page'"],
    ['package-notes.md', 'x\n'.repeat(500)],
  ])('is fine: %s', (path, text) => {
    expect(checkText([{ path, text }])).toEqual([]);
  });
});

test('a dependency that may change under us is refused', () => {
  const text = JSON.stringify({
    dependencies: { exact: '1.2.3', caret: '^1.2.3' },
    devDependencies: { early: '1.0.0-rc.1', newest: 'latest', elsewhere: 'https://example.org/x.tgz' },
  });
  expect(messages(checkManifests([{ path: 'console/package.json', text }]))).toEqual([
    'caret is pinned to no exact version: ^1.2.3',
    'newest is pinned to no exact version: latest',
    'elsewhere is pinned to no exact version: https://example.org/x.tgz',
  ]);
});

describe('links', () => {
  const exists = (path: string) => ['README.md', 'docs/guide.md', 'docs/other.md'].includes(path);
  const check = (text: string, path = 'docs/guide.md') => messages(checkLinks([{ path, text }], exists));

  test('to nowhere are refused', () => {
    expect(check('[a](absent.md)')).toEqual(['there is no docs/absent.md']);
    expect(check('![a](../picture.png)')).toEqual(['there is no picture.png']);
    expect(check('## 安装\n[a](#install)')).toEqual(['docs/guide.md has no heading #install']);
    expect(check("throw new Error('See docs/absent.md')", 'src/x.ts')).toEqual([
      'there is no docs/absent.md',
    ]);
  });

  test('that lead somewhere are fine', () => {
    expect(
      check('## 安装 and `up`\n[a](other.md) [b](../README.md) [c](#安装-and-up) [d](https://example.org/x)'),
    ).toEqual([]);
    expect(check('```\n[a](absent.md)\n```')).toEqual([]);
  });
});
