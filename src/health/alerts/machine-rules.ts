import type { AlertRule } from './rule.ts';

const GIB = 1024 ** 3;

export const MACHINE_RULES: readonly AlertRule[] = [
  {
    name: 'cpu-high',
    layer: 'machine',
    group: 'machine',
    severity: 'warning',
    condition: { kind: 'above', of: 'machine_cpu_ratio', threshold: 0.95 },
    failures: 60,
    recoveries: 12,
    text: {
      en: {
        title: 'The processor has been busy for five minutes',
        advice:
          'Answers get slower, and nothing else happens. See what uses it with `top`; during a large ingest this is normal. Otherwise add cores, or a machine with workers.',
      },
      zh: {
        title: '处理器已经持续满载五分钟',
        advice:
          '回答会变慢，但不会出错。用 `top` 看是谁在占用；大批量导入时属于正常。否则请增加核数，或者增加一台运行工作进程的机器。',
      },
    },
  },
  {
    name: 'memory-low',
    layer: 'machine',
    group: 'machine',
    severity: 'critical',
    condition: { kind: 'above', of: 'machine_memory_ratio', threshold: 0.94 },
    failures: 6,
    recoveries: 12,
    text: {
      en: {
        title: 'The machine is nearly out of memory',
        advice:
          'The system may soon kill processes; Budao starts them again and goes on with their work. Find the largest process with `top -o RES`, lower limits.extractionMemoryMb, or add memory.',
      },
      zh: {
        title: '机器内存即将耗尽',
        advice:
          '系统可能很快会结束进程；Budao 会把它们重新启动并接着工作。用 `top -o RES` 找到占用最多的进程，调低 limits.extractionMemoryMb，或增加内存。',
      },
    },
  },
  {
    name: 'disk-low',
    layer: 'machine',
    group: 'machine',
    severity: 'warning',
    condition: { kind: 'below', of: 'disk_free_bytes', threshold: 2 * GIB },
    failures: 3,
    recoveries: 6,
    text: {
      en: {
        title: 'The disk under the data folder is filling up',
        advice:
          'Make room, or move the data folder to a larger disk, before it is full: then no question can be stored. Old logs and snapshots are the usual finds; `du -xh --max-depth=2` shows what takes the room.',
      },
      zh: {
        title: '数据目录所在磁盘空间不足',
        advice:
          '请在写满之前腾出空间，或把数据目录移到更大的磁盘：写满后新问题无法保存。通常是旧日志和旧快照，可用 `du -xh --max-depth=2` 查看占用。',
      },
    },
  },
  {
    name: 'disk-full',
    layer: 'machine',
    group: 'machine',
    severity: 'critical',
    condition: { kind: 'below', of: 'disk_free_bytes', threshold: GIB / 2 },
    failures: 2,
    recoveries: 6,
    text: {
      en: {
        title: 'The disk under the data folder is as good as full',
        advice:
          'Make room now. Questions and uploads are refused once it is full; what was stored before stays safe, and writing goes on by itself as soon as there is room.',
      },
      zh: {
        title: '数据目录所在磁盘几乎已满',
        advice: '请立即腾出空间。写满后提问和上传会被拒绝；已保存的内容是安全的，一有空间就会自动继续写入。',
      },
    },
  },
  {
    name: 'descriptors-high',
    layer: 'machine',
    group: 'machine',
    severity: 'warning',
    condition: { kind: 'above', of: 'descriptors_ratio', threshold: 0.8 },
    failures: 3,
    recoveries: 6,
    text: {
      en: {
        title: 'A process is running out of file descriptors',
        advice:
          'Every open stream and file needs one; without them connections are refused. Raise the limit (LimitNOFILE= in systemd, `ulimit -n` in a shell) and restart, or spread people over more machines.',
      },
      zh: {
        title: '进程的文件描述符即将用尽',
        advice:
          '每个打开的流和文件都要占用一个；用尽后会拒绝连接。请调高上限（systemd 的 LimitNOFILE=，或 shell 的 `ulimit -n`）并重启，或增加机器分担。',
      },
    },
  },
  {
    name: 'loop-lag',
    layer: 'machine',
    group: 'machine',
    severity: 'warning',
    condition: { kind: 'above', of: 'loop_lag_seconds', threshold: 0.5 },
    failures: 12,
    recoveries: 12,
    text: {
      en: {
        title: 'A process answers late',
        advice:
          'Its event loop is blocked again and again for half a second: too many streams for one process, or a machine that is too busy. See the CPU alert; add API or worker processes.',
      },
      zh: {
        title: '进程响应迟缓',
        advice:
          '它的事件循环反复被阻塞半秒：单个进程承担的流太多，或机器太忙。请参看处理器告警；增加 API 或工作进程。',
      },
    },
  },
];
