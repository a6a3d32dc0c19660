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
  {
    name: 'archive-lag',
    layer: 'service',
    group: 'ledger',
    severity: 'critical',
    condition: { kind: 'above', of: 'archive_lag_seconds', threshold: 300 },
    failures: 6,
    recoveries: 3,
    text: {
      en: {
        title: 'The database does not archive its log',
        advice:
          'The newest file in its archive is more than five minutes old, so that a lost database server loses as much. `budao backup status` says why; see `pg_stat_archiver`, the log of the server, and whether the place of the archive is full. Set archive_timeout where little is written.',
      },
      zh: {
        title: '数据库没有归档日志',
        advice:
          '归档中最新的文件已超过五分钟，数据库服务器若此刻丢失，将损失同样多的内容。`budao backup status` 会说明原因；请查看 `pg_stat_archiver`、服务器日志以及归档位置是否已满。写入很少时请设置 archive_timeout。',
      },
    },
  },
];
