import { storageScope } from '../../api/session.ts';
import type { KnowledgeBase } from '../../api/types.ts';
import { readLocal, writeLocal } from '../../store/local.ts';

/** 'default' follows the workspace; an empty list asks the model alone. */
export type KnowledgeChoice = 'default' | string[];

export function readChoice(): KnowledgeChoice {
  return readLocal<KnowledgeChoice>(`${storageScope()}:knowledge-choice`, 'default');
}

export function writeChoice(choice: KnowledgeChoice): void {
  writeLocal(`${storageScope()}:knowledge-choice`, choice);
}

/** What goes with the question; null while the knowledge bases are not known: the server then takes its default. */
export function chosenBaseIds(
  choice: KnowledgeChoice,
  bases: readonly KnowledgeBase[] | null,
): string[] | null {
  if (bases === null) return choice === 'default' ? null : choice;
  if (choice === 'default') {
    const standard = bases.find((base) => base.is_default === true);
    return standard === undefined ? null : [standard.id];
  }
  const existing = choice.filter((id) => bases.some((base) => base.id === id));
  // A choice whose knowledge bases are all gone falls back to the default instead of silently asking no documents.
  return existing.length === 0 && choice.length > 0 ? chosenBaseIds('default', bases) : existing;
}

export function toggled(choice: KnowledgeChoice, id: string): KnowledgeChoice {
  if (choice === 'default') return [id];
  const next = choice.includes(id) ? choice.filter((other) => other !== id) : [...choice, id];
  return next.length === 0 ? 'default' : next;
}
