import type { AlertRule } from './rule.ts';

export const RECOVERY_RULES: readonly AlertRule[] = [
  {
    name: 'backup-failed',
    layer: 'service',
    group: 'recovery',
    severity: 'critical',
    condition: { kind: 'above', of: 'backup_failed', threshold: 0 },
    failures: 1,
    recoveries: 1,
    text: {
      en: {
        title: 'A snapshot, verification, rehearsal or pruning has failed',
        advice:
          'After a loss there might be nothing to go back to. `budao backup results` and the console (Resilience, Backup and recovery) say what was found and what to do; do that, then start it again there. The alert ends with the next one that succeeds.',
      },
      zh: {
        title: '快照、校验、演练或清理失败',
        advice:
          '一旦丢失数据，可能无从恢复。`budao backup results` 和控制台（韧性 → 备份与恢复）会说明发现了什么、该怎么办；处理之后在那里重新执行。下一次成功后告警自动结束。',
      },
    },
  },
  {
    name: 'backup-overdue',
    layer: 'service',
    group: 'recovery',
    severity: 'warning',
    condition: { kind: 'above', of: 'backup_overdue_seconds', threshold: 0 },
    failures: 2,
    recoveries: 1,
    text: {
      en: {
        title: 'A snapshot, verification, rehearsal or pruning is overdue',
        advice:
          'Its schedule says that it should have succeeded by now. See with `budao backup schedules` whether it runs, waits or failed, whether a worker is up, and whether the repository can be reached. Rehearsals need backup.keyFile.',
      },
      zh: {
        title: '快照、校验、演练或清理已经逾期',
        advice:
          '按计划它本应已经成功。用 `budao backup schedules` 查看它是在运行、等待还是失败，工作进程是否在运行，仓库是否可达。演练需要设置 backup.keyFile。',
      },
    },
  },
  {
    name: 'backup-inconclusive',
    layer: 'service',
    group: 'recovery',
    severity: 'warning',
    condition: { kind: 'above', of: 'backup_inconclusive', threshold: 0 },
    failures: 1,
    recoveries: 1,
    text: {
      en: {
        title: 'A rehearsal or verification has proven nothing',
        advice:
          'It neither passed nor failed, and counts as missing until it passes. `budao backup results` says what it lacked: a recovery key (backup.keyFile), golden questions, models, or room on the disk.',
      },
      zh: {
        title: '演练或校验没有得出结论',
        advice:
          '既未通过也未失败；在通过之前视为缺失。`budao backup results` 会说明缺少什么：恢复密钥（backup.keyFile）、黄金问题、模型，或磁盘空间。',
      },
    },
  },
];
