import { expect, test } from 'vitest';
import { libraryScenarios } from './library.ts';
import { parseScenario, ScenarioError } from './parse-scenario.ts';
import { SETS } from './schema.ts';

const HEAD = `name: mine
title: { zh: 我的, en: Mine }
proves: { zh: 无, en: nothing }
hypothesis: { zh: 无, en: nothing }
workload:
  probes: { ask: 1s }
`;
const RIGHT = `${HEAD}objectives: { rto: 5s }
timeline:
  - at: 1s
    fault: process-kill
    target: worker
`;

function problemsOf(text: string): string[] {
  try {
    parseScenario(text, 'mine.yaml');
  } catch (error) {
    if (error instanceof ScenarioError)
      return error.problems.map(({ line, message }) => `${line}: ${message}`);
    throw error;
  }
  return [];
}

test('a whole scenario is read with its defaults', () => {
  const scenario = parseScenario(RIGHT, 'mine.yaml');
  expect(scenario.timeline[0]).toMatchObject({
    entry: { at: 1_000, for: 0 },
    parameters: { target: 'worker' },
  });
  expect(scenario.workload.probes).toEqual({
    ask: { everyMs: 1_000, objectiveMs: 2_000, timeoutMs: 15_000 },
  });
  expect(scenario.laboratory).toMatchObject({ profile: 'one-machine', workers: 2 });
});

test('a fault that nobody knows is refused with its line and with those that are known', () => {
  const [problem, ...rest] = problemsOf(RIGHT.replace('process-kill', 'process-kil'));
  expect(rest).toEqual([]);
  expect(problem).toMatch(/^10: there is no fault "process-kil"; known are .*process-kill/);
});

test('a command of ones own without its undo is refused with its line', () => {
  const problems = problemsOf(`${HEAD}objectives: { rto: 5s }
timeline:
  - at: 1s
    fault: command
    with:
      inject: touch it
      injected: test -e it
`);
  expect(problems).toEqual([
    expect.stringMatching(/^11: command: undo: .*nobody could clean up/),
    expect.stringMatching(/^11: command: probe: .*nobody could clean up/),
  ]);
});

test('a gate without a source of data is refused with its line and with what it needs', () => {
  const problems = problemsOf(
    RIGHT.replace('{ rto: 5s }', '\n  rto: 5s\n  brokenTokens: 0\n  qualityLoss: 0.03'),
  );
  expect(problems).toEqual([
    '9: objectives.brokenTokens has no data: it needs the probe stream',
    '10: objectives.qualityLoss has no data: it needs evaluate: true',
  ]);
});

test('everything that is wrong is said at once, in the order of the lines', () => {
  const problems = problemsOf(
    RIGHT.replace('ask: 1s', 'ask: fast').replace('at: 1s', 'at: 1').replace('rto: 5s', 'rtoo: 5s'),
  );
  expect(problems.map((problem) => problem.split(':')[0])).toEqual(['6', '7', '9']);
  expect(problems[1]).toBe('7: objectives.rtoo: nothing is called that here');
  expect(problems[2]).toMatch(/with its unit, such as 500ms/);
});

test('a wrong target of a fault is refused on its own line', () => {
  const [problem] = problemsOf(RIGHT.replace('target: worker', 'target: coffee'));
  expect(problem).toMatch(/^11: process-kill: target: /);
});

test('a fault of a cluster is refused on one machine', () => {
  const [problem] = problemsOf(
    RIGHT.replace('process-kill', 'database-kill').replace('    target: worker\n', ''),
  );
  expect(problem).toBe('10: database-kill needs laboratory.profile: cluster');
});

test('what is no YAML is refused with the line', () => {
  expect(problemsOf(`${HEAD}objectives: { rto: 5s\ntimeline: [`)[0]).toMatch(/^[78]: /);
});

test('the library has at least twenty-four scenarios that can be read, and some for each set', () => {
  const scenarios = libraryScenarios();
  expect(scenarios.length).toBeGreaterThanOrEqual(24);
  for (const set of SETS)
    expect(scenarios.filter(({ sets }) => sets.includes(set)).length).toBeGreaterThan(3);
  for (const { proves, title } of scenarios) {
    expect(proves.zh).toMatch(/\p{Script=Han}/u);
    expect(title.en).not.toMatch(/\p{Script=Han}/u);
  }
});
