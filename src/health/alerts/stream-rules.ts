import type { AlertRule } from './rule.ts';

export const STREAM_RULES: readonly AlertRule[] = [
  {
    name: 'recovery-lag',
    layer: 'service',
    group: 'ledger',
    severity: 'critical',
    condition: { kind: 'above', of: 'recovery_lag_seconds', threshold: 60 },
    failures: 6,
    recoveries: 3,
    text: {
      en: {
        title: 'What happens now is not in the backup yet',
        advice:
          'If this machine were lost now, everything since would be lost with it. `budao backup status` names the repository and the reason: it is away, full or slow, or a first whole copy is still under way. It goes on by itself; answers do not suffer.',
      },
      zh: {
        title: '当前的变更尚未进入备份',
        advice:
          '如果这台机器此刻丢失，自那时起的内容会一并丢失。`budao backup status` 会指明仓库和原因：不可用、已满、缓慢，或首份完整副本仍在写入。恢复后自动继续；回答不受影响。',
      },
    },
  },
];
