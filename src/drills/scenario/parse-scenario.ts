/** Reads a scenario, and says of everything that is wrong in it on which line it stands and what is known there. */
import { createHash } from 'node:crypto';
import { isNode, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { BudaoError } from '../../contract/errors.ts';
import type { FaultKind } from '../faults/fault.ts';
import { FAULTS } from '../faults/registry.ts';
import { missingSources } from './data-sources.ts';
import { type ScenarioFile, ScenarioFile as ScenarioSchema, type TimelineEntry } from './schema.ts';

const MAX_BYTES = 256 * 1024;

/** One entry of the timeline with its fault, and with what the fault's own schema made of its parameters. */
export interface PlannedEntry {
  entry: TimelineEntry;
  kind: FaultKind;
  parameters: unknown;
}

export interface Scenario extends Omit<ScenarioFile, 'timeline'> {
  timeline: readonly PlannedEntry[];
  /** Of the text: the version of the plan. */
  sha256: string;
}

export interface ScenarioProblem {
  line: number;
  message: string;
}

export class ScenarioError extends BudaoError {
  readonly problems: readonly ScenarioProblem[];

  constructor(file: string, problems: readonly ScenarioProblem[]) {
    const lines = problems.map(({ line, message }) => `  ${file}:${line}: ${message}`);
    super('invalid', 'drill_scenario_invalid', `The scenario cannot be run as it is:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/** @throws ScenarioError with everything that is wrong */
export function parseScenario(text: string, file: string): Scenario {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw new ScenarioError(file, [{ line: 1, message: `is larger than ${MAX_BYTES} bytes` }]);
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const lineAt = (offset: number): number => counter.linePos(offset).line;
  if (document.errors.length > 0)
    throw new ScenarioError(
      file,
      document.errors.map(({ pos, message }) => ({
        line: lineAt(pos[0]),
        message: message.split('\n')[0] ?? '',
      })),
    );
  const lineOf = (path: readonly PropertyKey[]): number => lineOfPath(document, path, lineAt);
  const parsed = ScenarioSchema.safeParse(document.toJS({ maxAliasCount: 100 }));
  if (!parsed.success) throw new ScenarioError(file, problemsOf(parsed.error, [], lineOf));
  const problems: ScenarioProblem[] = [];
  const timeline = parsed.data.timeline.flatMap((entry, index) => {
    const planned = planEntry(entry, index, lineOf, problems);
    return planned === null ? [] : [planned];
  });
  for (const { path, message } of missingSources(parsed.data, timeline))
    problems.push({ line: lineOf(path), message });
  if (problems.length > 0) throw new ScenarioError(file, inOrder(problems));
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { ...parsed.data, timeline, sha256 };
}

function planEntry(
  entry: TimelineEntry,
  index: number,
  lineOf: (path: readonly PropertyKey[]) => number,
  problems: ScenarioProblem[],
): PlannedEntry | null {
  const path = ['timeline', index];
  const kind = FAULTS.get(entry.fault);
  if (kind === undefined) {
    const known = [...FAULTS.keys()].join(', ');
    problems.push({
      line: lineOf([...path, 'fault']),
      message: `there is no fault "${entry.fault}"; known are ${known}`,
    });
    return null;
  }
  const given = { ...entry.with, ...(entry.target === undefined ? {} : { target: entry.target }) };
  const parameters = kind.parameters.safeParse(given);
  if (parameters.success) return { entry, kind, parameters: parameters.data };
  const place = (inner: readonly PropertyKey[]): number =>
    lineOf(inner[0] === 'target' ? [...path, 'target'] : [...path, 'with', ...inner]);
  problems.push(
    ...problemsOf(parameters.error, [], place).map(({ line, message }) => ({
      line,
      message: `${kind.name}: ${message}`,
    })),
  );
  return null;
}

function problemsOf(
  error: z.ZodError,
  above: readonly PropertyKey[],
  lineOf: (path: readonly PropertyKey[]) => number,
): ScenarioProblem[] {
  const problems = error.issues.flatMap((issue): ScenarioProblem[] => {
    const path = [...above, ...issue.path];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({
        line: lineOf([...path, key]),
        message: `${dotted([...path, key])}: nothing is called that here`,
      }));
    return [{ line: lineOf(path), message: `${dotted(path)}: ${issue.message}` }];
  });
  return inOrder(problems);
}

function inOrder(problems: readonly ScenarioProblem[]): ScenarioProblem[] {
  return problems.toSorted((a, b) => a.line - b.line);
}

function dotted(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the scenario' : path.map(String).join('.');
}

/** Of what is missing, the line of what it is missing in. */
function lineOfPath(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
  lineAt: (offset: number) => number,
): number {
  for (let length = path.length; length >= 0; length--) {
    const keys = path.slice(0, length).map((key) => (typeof key === 'symbol' ? String(key) : key));
    const node = length === 0 ? document.contents : keyNode(document, keys);
    if (node?.range != null) return lineAt(node.range[0]);
  }
  return 1;
}

/** The key rather than its value: a value may begin lines below. */
function keyNode(document: ReturnType<typeof parseDocument>, keys: (string | number)[]): Node | null {
  const parent = keys.length === 1 ? document.contents : document.getIn(keys.slice(0, -1), true);
  const last = keys.at(-1);
  if (isNode(parent) && 'items' in parent && Array.isArray(parent.items)) {
    for (const pair of parent.items as { key?: Node & { value?: unknown } }[])
      if (pair.key?.value === last) return pair.key as Node;
  }
  const node = document.getIn(keys, true);
  return isNode(node) ? node : null;
}
