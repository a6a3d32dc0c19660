import type { DrillReport } from '../../contract/drill-report.ts';
import type { DrillRecord } from '../log/record.ts';

type Entry = DrillReport['timeline'][number];
type Told = Pick<Entry, 'actor' | 'kind' | 'action' | 'result'>;

/** What people want to read of a log: everything but single probes, tokens and writes, in the order of the clock. */
export function tellTimeline(records: readonly DrillRecord[]): Entry[] {
  return records
    .flatMap((record): Entry[] => {
      const told = tell(record);
      return told === null ? [] : [{ at_ms: record.atMs, utc: record.utc, ...told }];
    })
    .sort((left, right) => left.at_ms - right.at_ms);
}

function tell(record: DrillRecord): Told | null {
  switch (record.type) {
    case 'phase':
      return told('drill', 'phase', `${record.phase} ${record.edge}`, record.detail);
    case 'fault': {
      const action = `${record.step}: ${record.fault} → ${record.target}`;
      return told('drill', 'fault', action, `${record.ok ? 'ok' : 'not ok'} ${record.detail ?? ''}`.trim());
    }
    case 'alert':
      return record.state === 'watching'
        ? null
        : told('system', 'alert', record.alert, `${record.state} ${record.detail ?? ''}`.trim());
    case 'milestone':
      return told(record.actor, 'milestone', record.milestone, record.detail);
    case 'manual':
      return told(record.actor, 'manual', record.action, record.result);
    case 'check':
      return told(
        'drill',
        'check',
        record.check,
        `${record.ok === null ? 'unclear' : record.ok ? 'ok' : 'not ok'} ${record.detail ?? ''}`.trim(),
      );
    case 'evaluation': {
      const passed = record.questions.filter((question) => question.passed === true).length;
      return told('drill', 'evaluation', record.role, `${passed}/${record.questions.length}`);
    }
    case 'note':
      return told('drill', 'note', record.text, '');
    case 'stopped':
      return told('drill', 'stopped', record.reason, '');
    default:
      return null;
  }
}

function told(actor: string, kind: Told['kind'], action: string, result = ''): Told {
  return { actor, kind, action, result };
}
