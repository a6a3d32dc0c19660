import type { Comparison, EvaluationResult } from '../../contract/evaluation.ts';

/** What the figures depend on, where it is not the same in both. A change is no fault: it is what is being judged. */
export function changedIdentities(before: EvaluationResult, after: EvaluationResult): Comparison['changed'] {
  const earlier = namedIdentities(before);
  const later = namedIdentities(after);
  return [...new Set([...earlier.keys(), ...later.keys()])].flatMap((name) => {
    const change = { name, before: earlier.get(name) ?? null, after: later.get(name) ?? null };
    return change.before === change.after ? [] : [change];
  });
}

function namedIdentities({ identities }: EvaluationResult): Map<string, string | null> {
  const { subject, endpoints, modes, judge } = identities;
  const bases = subject.knowledge_bases;
  return new Map<string, string | null>([
    ['golden', identities.golden_hash.slice(0, 12)],
    ['scoring', String(identities.scoring_version)],
    ['program', subject.program_version],
    ['prompt', subject.prompt_version],
    ['models', subject.models?.join(', ') ?? null],
    ['endpoints', Object.keys(endpoints).sort().join(', ')],
    ['modes', Object.keys(modes).sort().join(', ')],
    ['judge', judge === null ? null : `${judge.name} × ${judge.repeats}`],
    ['embedder', bases.map(({ embedder }) => embedder ?? '–').join(', ')],
    ['index', bases.map(({ generation }) => generation).join(', ')],
    ['documents', bases.map(({ documents }) => documents).join(', ')],
  ]);
}
