/** A gate without data can only be inconclusive: a scenario that asks for one is refused before it runs. */
import type { ScenarioFile } from './schema.ts';

interface Missing {
  path: readonly PropertyKey[];
  message: string;
}

export function missingSources(
  { workload, objectives, laboratory, evaluate }: Omit<ScenarioFile, 'timeline'>,
  timeline: readonly { kind: { needs: readonly string[]; name: string } }[],
): Missing[] {
  // Whoever has commands of his own may have checks of his own, too.
  const verifies = timeline.some(({ kind }) => kind.needs.includes('repository') || kind.name === 'command');
  const kinds = Object.keys(workload.probes);
  const has = (...wanted: string[]): boolean => wanted.some((kind) => kinds.includes(kind));
  const sources: readonly (readonly [keyof typeof objectives, boolean, string])[] = [
    ['gap', has('sign-in', 'ask', 'search', 'upload'), 'one of the probes sign-in, ask, search, upload'],
    ['streamSilenceP99', has('stream'), 'the probe stream'],
    ['brokenTokens', has('stream'), 'the probe stream'],
    ['rpo', has('ask', 'stream', 'upload'), 'probes that write: ask, stream or upload'],
    ['lostWrites', has('ask', 'stream', 'upload'), 'probes that write: ask, stream or upload'],
    ['wrongModes', has('ask', 'stream'), 'the probe ask or stream'],
    ['qualityLoss', evaluate, 'evaluate: true'],
    [
      'integrity',
      laboratory.repository || verifies,
      'a repository (laboratory.repository: true) that is verified',
    ],
    [
      'rtoVerified',
      evaluate || laboratory.repository || verifies,
      'something to verify: evaluate: true, or laboratory.repository: true',
    ],
  ];
  return [
    ...sources.flatMap(([objective, isThere, source]): Missing[] =>
      objectives[objective] === undefined || isThere
        ? []
        : [
            {
              path: ['objectives', objective],
              message: `objectives.${objective} has no data: it needs ${source}`,
            },
          ],
    ),
    ...(Object.values(objectives).every((value) => value === undefined)
      ? [{ path: ['objectives'], message: 'objectives: at least one, or the drill could not fail' }]
      : []),
    ...(laboratory.profile === 'one-machine'
      ? timeline.flatMap(({ kind }, index): Missing[] =>
          kind.needs.includes('cluster')
            ? [
                {
                  path: ['timeline', index, 'fault'],
                  message: `${kind.name} needs laboratory.profile: cluster`,
                },
              ]
            : [],
        )
      : []),
  ];
}
