import { isTestAid, lineAt, type SourceFile, type Violation } from './source-tree.ts';

const MAX_LINES = 400;
const CODE = /\.(ts|tsx|mjs|css)$/;

/**
 * Where the environment may be read: the configuration, the entries of processes that hand it on, and where a native
 * library is loaded that takes its settings from there.
 */
const READS_ENVIRONMENT =
  /^src\/(system\/(configuration|main|child-main|machine-environment|processes\/care)\.ts$|stores\/index\/load-lancedb\.ts$|cli\/)|^(scripts|bench|bin|tests|deploy|\.ci)\//;
/** Where a process may end itself. */
const ENDS_PROCESS =
  /^src\/(system\/(main|child-main)\.ts|cli\/main\.ts|knowledge\/extract\/parser-process\.ts)$|^(scripts|bench|bin|deploy)\//;

interface Rule {
  pattern: RegExp;
  message: string;
  appliesTo: (path: string) => boolean;
}

const isCode = (path: string): boolean => CODE.test(path);
/** The rules themselves name what they forbid. */
const isRule = (path: string): boolean => path.startsWith('tests/structure/');

const RULES: readonly Rule[] = [
  {
    pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/g,
    message: 'finish it, or leave it out',
    appliesTo: (path) => !isRule(path),
  },
  {
    pattern: /\b(?:test|it|describe|suite)\.(?:only|skip|todo|fails)\b/g,
    message: 'every test runs, every time',
    appliesTo: (path) => isCode(path) && !isRule(path),
  },
  {
    pattern: /(?<![\w.$}/])\/(?:home|root|Users|work)\/\w/g,
    message: 'a path of one machine',
    appliesTo: (path) => !isRule(path),
  },
  {
    pattern: /\bprocess\.env\b/g,
    message: 'only the configuration reads the environment',
    appliesTo: (path) => isCode(path) && !READS_ENVIRONMENT.test(path) && !isTestAid(path),
  },
  {
    pattern: /\bprocess\.exit\(/g,
    message: 'only the entry of a process ends it',
    appliesTo: (path) => isCode(path) && !ENDS_PROCESS.test(path) && !isTestAid(path),
  },
];

export function checkText(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => [...checkLength(file), ...checkPatterns(file)]);
}

function checkLength({ path, text }: SourceFile): Violation[] {
  if (!isCode(path)) return [];
  const lines = text.trimEnd().split('\n').length;
  return lines <= MAX_LINES
    ? []
    : [{ path, line: MAX_LINES + 1, message: `${lines} lines; split what is over ${MAX_LINES}` }];
}

function checkPatterns({ path, text }: SourceFile): Violation[] {
  return RULES.filter((rule) => rule.appliesTo(path)).flatMap(({ pattern, message }) =>
    [...text.matchAll(pattern)].map((match) => ({
      path,
      line: lineAt(text, match.index),
      message: `${match[0]}: ${message}`,
    })),
  );
}
