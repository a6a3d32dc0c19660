/** The scenarios that come with the program, and a person's own files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BudaoError } from '../../contract/errors.ts';
import { parseScenario, type Scenario } from './parse-scenario.ts';
import type { ScenarioSet } from './schema.ts';

const LIBRARY = fileURLToPath(new URL('../../../scenarios/', import.meta.url));
const ENDING = '.yaml';

/** In the order of their names. */
export function libraryScenarios(): Scenario[] {
  return names().map((name) => readScenario(join(LIBRARY, `${name}${ENDING}`)));
}

export function scenariosOf(set: ScenarioSet): Scenario[] {
  return libraryScenarios().filter(({ sets }) => sets.includes(set));
}

/** @param nameOrFile of the library, or the path of a file. @throws BudaoError drill_scenario_not_found, ScenarioError */
export function findScenario(nameOrFile: string): Scenario {
  const inLibrary = names().includes(nameOrFile);
  const path = inLibrary ? join(LIBRARY, `${nameOrFile}${ENDING}`) : nameOrFile;
  if (existsSync(path)) return readScenario(path);
  throw new BudaoError(
    'not_found',
    'drill_scenario_not_found',
    `There is no scenario "${nameOrFile}", neither in the library nor as a file. \`budao drill list\` names the library.`,
  );
}

function readScenario(path: string): Scenario {
  return parseScenario(
    readFileSync(path, 'utf8'),
    path.startsWith(LIBRARY) ? path.slice(LIBRARY.length) : path,
  );
}

function names(): string[] {
  if (!existsSync(LIBRARY)) return [];
  return readdirSync(LIBRARY)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
}
