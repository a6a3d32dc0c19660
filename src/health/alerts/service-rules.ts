import type { AlertRule } from './rule.ts';

export const SERVICE_RULES: readonly AlertRule[] = [
  {
    name: 'ledger-failing',
    layer: 'service',
    group: 'ledger',
    severity: 'critical',
    condition: { kind: 'count', of: 'ledger_failures', seconds: 60, threshold: 10 },
    failures: 2,
    recoveries: 12,
    text: {
      en: {
        title: 'The ledger refuses writes again and again',
        advice:
          'Nothing new can be asked or stored until it does. `budao doctor` and the log say why: a full disk, a database that is away or failing over, missing rights. Reading goes on; Budao keeps trying, and nothing that was acknowledged is lost.',
      },
      zh: {
        title: '账本反复拒绝写入',
        advice:
          '恢复之前无法提出新问题，也无法保存。`budao doctor` 和日志会说明原因：磁盘已满、数据库不可达或正在切换、缺少权限。阅读不受影响；Budao 会一直重试，已确认的内容不会丢失。',
      },
    },
  },
  {
    name: 'commit-slow',
    layer: 'service',
    group: 'ledger',
    severity: 'warning',
    condition: {
      kind: 'quantile',
      of: 'commit_time',
      share: 0.99,
      seconds: 300,
      threshold: 0.5,
      minEvents: 50,
    },
    failures: 6,
    recoveries: 12,
    text: {
      en: {
        title: 'Storing takes long',
        advice:
          'Every token is stored before it is shown, so people see text in jerks. Look for a slow or shared disk (`iostat -x`), a backup in progress, or a database server under load.',
      },
      zh: {
        title: '写入缓慢',
        advice:
          '每段文字都先保存再显示，因此读者会看到文字一顿一顿。请检查磁盘是否缓慢或被共享（`iostat -x`）、是否正在备份，或数据库服务器负载过高。',
      },
    },
  },
  {
    name: 'replication-lag',
    layer: 'service',
    group: 'ledger',
    severity: 'warning',
    condition: { kind: 'above', of: 'replication_lag_seconds', threshold: 30 },
    failures: 6,
    recoveries: 12,
    text: {
      en: {
        title: 'A copy of the ledger is behind',
        advice:
          'If the primary were lost now, what the copy has not received would be lost with it. Check the copy, and the network between the two.',
      },
      zh: {
        title: '账本副本落后',
        advice: '如果主库此刻丢失，副本尚未收到的内容会一并丢失。请检查副本以及两者之间的网络。',
      },
    },
  },
  {
    name: 'settings-differ',
    layer: 'service',
    group: 'processes',
    severity: 'warning',
    condition: { kind: 'above', of: 'settings_variants', threshold: 1 },
    // A change is rolled out node by node.
    failures: 60,
    recoveries: 3,
    text: {
      en: {
        title: 'Nodes have different settings',
        advice:
          'Which node answers decides with which models and limits, so the same question gets different answers. `/readyz?verbose` and `budao config check` name the nodes; give all of them one `budao.yaml`, and restart those that still have the old one.',
      },
      zh: {
        title: '各节点的配置不一致',
        advice:
          '由哪个节点作答决定了使用哪些模型和限额，同一个问题会得到不同的回答。`/readyz?verbose` 和 `budao config check` 会列出这些节点；请让所有节点使用同一份 `budao.yaml`，并重启仍在使用旧配置的节点。',
      },
    },
  },
  {
    name: 'no-worker',
    layer: 'service',
    group: 'processes',
    severity: 'critical',
    condition: { kind: 'below', of: 'workers_alive', threshold: 1 },
    failures: 4,
    recoveries: 3,
    text: {
      en: {
        title: 'No worker process is alive',
        advice:
          'Questions are taken and stored, but nobody answers them. The log says why workers do not start; `budao status` shows what the supervisor has tried.',
      },
      zh: {
        title: '没有存活的工作进程',
        advice:
          '问题会被接收并保存，但无人作答。日志会说明工作进程为何无法启动；`budao status` 显示监督进程做过的尝试。',
      },
    },
  },
  {
    name: 'workers-missing',
    layer: 'service',
    group: 'processes',
    severity: 'warning',
    condition: { kind: 'above', of: 'workers_missing', threshold: 0 },
    failures: 12,
    recoveries: 3,
    text: {
      en: {
        title: 'Fewer worker processes run than are configured',
        advice:
          'The others do their work, more slowly. See the log for why one does not start: often memory, or a model folder that is missing on this machine.',
      },
      zh: {
        title: '工作进程数少于配置',
        advice:
          '其余进程会承担其工作，只是变慢。请在日志中查看未能启动的原因：常见为内存不足，或本机缺少模型目录。',
      },
    },
  },
  {
    name: 'processes-dying',
    layer: 'service',
    group: 'processes',
    severity: 'warning',
    condition: { kind: 'count', of: 'children_died', seconds: 600, threshold: 3 },
    failures: 1,
    recoveries: 12,
    text: {
      en: {
        title: 'Processes keep ending by themselves',
        advice:
          'Their work goes on elsewhere, so people hardly notice; but it should not happen. Look for "process ended" in the log, and for the out-of-memory killer in `journalctl -k`.',
      },
      zh: {
        title: '进程反复意外退出',
        advice:
          '它们的工作会由其他进程接手，用户几乎察觉不到；但这不应发生。请在日志中查找 "process ended"，并用 `journalctl -k` 查看是否被内存不足机制结束。',
      },
    },
  },
  {
    name: 'http-errors',
    layer: 'service',
    group: 'traffic',
    severity: 'critical',
    condition: {
      kind: 'ratio',
      of: 'http_errors',
      to: ['http_requests'],
      seconds: 60,
      threshold: 0.05,
      minEvents: 3,
    },
    failures: 2,
    recoveries: 12,
    text: {
      en: {
        title: 'Many requests fail',
        advice:
          'One request in twenty or more ends with an error of the service. `/readyz?verbose` says what is missing; the log has one line for each failed request. If a ledger alert came too, see that one first.',
      },
      zh: {
        title: '大量请求失败',
        advice:
          '至少二十分之一的请求因服务端错误而失败。`/readyz?verbose` 会指出缺了什么；日志中每个失败请求有一行记录。如果同时有账本告警，请先处理账本。',
      },
    },
  },
  {
    name: 'http-errors-rise',
    layer: 'service',
    group: 'traffic',
    severity: 'warning',
    condition: {
      kind: 'rise',
      of: 'http_errors',
      to: ['http_requests'],
      seconds: 60,
      before: 600,
      factor: 10,
      threshold: 0.01,
      minEvents: 5,
    },
    failures: 2,
    recoveries: 12,
    text: {
      en: {
        title: 'Requests fail ten times as often as before',
        advice:
          'Something changed within the last minute: a deployment, a setting, a machine, a network. Compare the log of the failed requests with what was done last.',
      },
      zh: {
        title: '请求失败率升至之前的十倍',
        advice: '最近一分钟内有所变化：发布、设置、机器或网络。请把失败请求的日志与最近的改动对照。',
      },
    },
  },
  {
    name: 'http-rejected',
    layer: 'service',
    group: 'traffic',
    severity: 'warning',
    condition: {
      kind: 'ratio',
      of: 'http_rejected',
      to: ['http_requests'],
      seconds: 300,
      threshold: 0.1,
      minEvents: 20,
    },
    failures: 6,
    recoveries: 12,
    text: {
      en: {
        title: 'More is asked than can be answered',
        advice:
          'One request in ten is turned away so that the others stay fast. See who asks (a script, a crawler?); add workers or model capacity, or raise the limits of the workspace.',
      },
      zh: {
        title: '请求量超出处理能力',
        advice:
          '为保证其余请求的速度，十分之一的请求被拒绝。请查看是谁在请求（脚本、爬虫？）；增加工作进程或模型容量，或调高工作区的限额。',
      },
    },
  },
  {
    name: 'http-slow',
    layer: 'service',
    group: 'traffic',
    severity: 'warning',
    condition: {
      kind: 'quantile',
      of: 'http_time',
      share: 0.95,
      seconds: 300,
      threshold: 2.5,
      minEvents: 20,
    },
    failures: 6,
    recoveries: 12,
    text: {
      en: {
        title: 'Requests take long',
        advice:
          'One request in twenty takes longer than two and a half seconds, streams not counted. See the alerts about storing, the processor and late processes: one of them is the usual cause.',
      },
      zh: {
        title: '请求缓慢',
        advice:
          '二十分之一的请求超过两秒半（不含流式）。请参看写入缓慢、处理器和进程迟缓等告警，通常是其中之一。',
      },
    },
  },
  {
    name: 'queue-old',
    layer: 'service',
    group: 'traffic',
    severity: 'critical',
    condition: { kind: 'above', of: 'queue_age_seconds', threshold: 30 },
    failures: 3,
    recoveries: 6,
    text: {
      en: {
        title: 'A question waits for a worker',
        advice:
          'Workers are missing, or all of them are busy. `budao status` shows what they hold; add workers, or find out why answers take so long.',
      },
      zh: {
        title: '问题在排队等待',
        advice:
          '工作进程缺失，或全部忙碌。`budao status` 显示它们在处理什么；请增加工作进程，或查明回答为何这样慢。',
      },
    },
  },
  {
    name: 'model-away',
    layer: 'service',
    group: 'models',
    severity: 'warning',
    condition: { kind: 'above', of: 'breaker_open', threshold: 0.5 },
    failures: 3,
    recoveries: 3,
    text: {
      en: {
        title: 'A model or another dependency is away',
        advice:
          'Calls to it fail, so Budao has stopped calling it and answers in a lesser mode, which every answer says. Check the endpoint with `budao config check`; it is tried again by itself.',
      },
      zh: {
        title: '模型或其他依赖不可用',
        advice:
          '对它的调用失败，Budao 已暂停调用并以降级模式作答，每个回答都会注明。请用 `budao config check` 检查该端点；系统会自动重试。',
      },
    },
  },
  {
    name: 'index-lag',
    layer: 'service',
    group: 'knowledge',
    severity: 'warning',
    condition: { kind: 'above', of: 'index_lag_seconds', threshold: 1_800 },
    failures: 6,
    recoveries: 3,
    text: {
      en: {
        title: 'Documents have waited half an hour to be found',
        advice:
          'A large upload may take that long. Otherwise `budao runs list --kind ingest` and `--kind index` show what is stuck, and why; `budao doctor --fix` repairs an index.',
      },
      zh: {
        title: '文档上传半小时后仍不可检索',
        advice:
          '大批量上传可能需要这么久。否则用 `budao runs list --kind ingest` 和 `--kind index` 查看卡在哪里、为什么；`budao doctor --fix` 可修复索引。',
      },
    },
  },
];
