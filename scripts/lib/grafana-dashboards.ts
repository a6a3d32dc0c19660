/** The dashboards for Grafana: three layers on one page, the same as in the console's room Resilience. */
const I = 'budao_installation_';
const WIDTH = 24;
const PANEL_WIDTH = 8;
const PANEL_HEIGHT = 7;

interface Panel {
  title: string;
  unit: 'short' | 's' | 'percentunit' | 'bytes' | 'reqps' | 'bool';
  /** Expression by the text of the legend. */
  lines: Record<string, string>;
}

const rate = (name: string): string => `max(sum by (instance) (rate(${I}${name}_total[$__rate_interval])))`;
const quantile = (share: number, name: string): string =>
  `histogram_quantile(${share}, max by (le) (rate(${I}${name}_seconds_bucket[$__rate_interval])))`;
const gauge = (name: string, by = ''): string => `max${by === '' ? '' : ` by (${by}) `}(${I}${name})`;
const slow = (name: string): Record<string, string> => ({
  p50: quantile(0.5, name),
  p95: quantile(0.95, name),
  p99: quantile(0.99, name),
});

const PEOPLE: readonly Panel[] = [
  {
    title: '回答 / Answers',
    unit: 'reqps',
    lines: {
      '完成 completed': rate('turns_completed'),
      '不完整 incomplete': rate('turns_incomplete'),
      '失败 failed': rate('turns_failed'),
      '降级 degraded': rate('turns_degraded'),
    },
  },
  { title: '首字等待 / First words', unit: 's', lines: slow('first_text_time') },
  { title: '完整回答 / Whole answer', unit: 's', lines: slow('answer_time') },
  {
    title: '拒答与无引用 / Declined, uncited',
    unit: 'reqps',
    lines: { '拒答 declined': rate('turns_declined'), '无引用 uncited': rate('turns_uncited') },
  },
  {
    title: '读者评价 / Thumbs',
    unit: 'reqps',
    lines: { '赞 up': rate('thumbs_up'), '踩 down': rate('thumbs_down') },
  },
  {
    title: '黄金问题 / Golden question',
    unit: 'short',
    lines: {
      '连续失败 failures in a row': gauge('canary_failures_in_a_row'),
      '得分 score': gauge('canary_score'),
    },
  },
];

const SERVICE: readonly Panel[] = [
  {
    title: '请求 / Requests',
    unit: 'reqps',
    lines: {
      '全部 all': rate('http_requests'),
      '错误 errors': rate('http_errors'),
      '限流 turned away': rate('http_rejected'),
    },
  },
  { title: '请求用时 / Time of a request', unit: 's', lines: slow('http_time') },
  { title: '写入用时 / Time of a commit', unit: 's', lines: slow('commit_time') },
  {
    title: '运行 / Runs',
    unit: 'short',
    lines: {
      '排队 queued': gauge('runs_queued'),
      '进行 running': gauge('runs_running'),
      '流 streams': gauge('streams'),
    },
  },
  {
    title: '排队时间 / Time in the queue',
    unit: 's',
    lines: { ...slow('queue_time'), '最久 oldest': gauge('queue_age_seconds') },
  },
  {
    title: '工作进程 / Worker processes',
    unit: 'short',
    lines: {
      '存活 alive': gauge('workers_alive'),
      '配置 configured': gauge('workers_configured'),
      '缺失 missing': gauge('workers_missing'),
    },
  },
  {
    title: '账本 / Ledger',
    unit: 'reqps',
    lines: { '提交 commits': rate('ledger_commits'), '失败 failures': rate('ledger_failures') },
  },
  {
    title: '接手 / Taken over',
    unit: 'reqps',
    lines: {
      '接手的运行 runs': rate('runs_taken_over'),
      '意外退出的进程 processes that died': rate('children_died'),
    },
  },
  {
    title: '模型调用 / Model calls',
    unit: 'reqps',
    lines: { '全部 all': rate('model_calls'), '失败 failed': rate('model_failures') },
  },
  { title: '熔断 / Breakers', unit: 'bool', lines: { '{{name}}': gauge('breaker_open', 'name') } },
  {
    title: '副本落后 / Copies behind',
    unit: 's',
    lines: { '{{name}}': gauge('replication_lag_seconds', 'name') },
  },
  { title: '文档等待 / Documents waiting', unit: 's', lines: { '最久 oldest': gauge('index_lag_seconds') } },
];

const MACHINES: readonly Panel[] = [
  { title: '处理器 / CPU', unit: 'percentunit', lines: { '{{host}}': gauge('machine_cpu_ratio', 'host') } },
  {
    title: '内存 / Memory',
    unit: 'percentunit',
    lines: { '{{host}}': gauge('machine_memory_ratio', 'host') },
  },
  {
    title: '磁盘剩余 / Free disk',
    unit: 'bytes',
    lines: { '{{host}}': `min by (host) (${I}disk_free_bytes)` },
  },
  { title: '事件循环 / Event loop', unit: 's', lines: { '{{host}}': gauge('loop_lag_seconds', 'host') } },
  {
    title: '文件描述符 / Descriptors',
    unit: 'percentunit',
    lines: { '{{host}}': gauge('descriptors_ratio', 'host') },
  },
  {
    title: '各节点的请求 / Requests by node',
    unit: 'reqps',
    lines: {
      '{{instance}} {{status}}':
        'sum by (instance, status) (rate(budao_http_requests_total[$__rate_interval]))',
    },
  },
];

const ROWS: readonly [title: string, panels: readonly Panel[]][] = [
  ['用户得到的 / What people get', PEOPLE],
  ['服务 / The service', SERVICE],
  ['机器 / Machines', MACHINES],
];

export function overviewDashboard(): string {
  const dashboard = {
    uid: 'budao-overview',
    title: '不倒 Budao',
    tags: ['budao'],
    timezone: 'browser',
    schemaVersion: 39,
    refresh: '15s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }],
    },
    annotations: {
      list: [
        {
          name: '告警 / Alerts',
          datasource: { type: 'prometheus', uid: '$datasource' },
          expr: 'ALERTS{alertname=~"Budao.+",alertstate="firing"}',
          titleFormat: '{{alertname}}',
          enable: true,
          iconColor: 'red',
        },
      ],
    },
    panels: layOut(),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function layOut(): object[] {
  const laid: object[] = [];
  let y = 0;
  for (const [title, panels] of ROWS) {
    laid.push({
      id: laid.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: WIDTH, h: 1 },
    });
    y += 1;
    panels.forEach((panel, index) => {
      const perRow = WIDTH / PANEL_WIDTH;
      const position = {
        x: (index % perRow) * PANEL_WIDTH,
        y: y + Math.floor(index / perRow) * PANEL_HEIGHT,
      };
      laid.push(timeSeries(panel, laid.length + 1, { ...position, w: PANEL_WIDTH, h: PANEL_HEIGHT }));
    });
    y += Math.ceil(panels.length / (WIDTH / PANEL_WIDTH)) * PANEL_HEIGHT;
  }
  return laid;
}

function timeSeries({ title, unit, lines }: Panel, id: number, gridPos: object): object {
  return {
    id,
    type: 'timeseries',
    title,
    datasource: { type: 'prometheus', uid: '$datasource' },
    gridPos,
    fieldConfig: {
      defaults: { unit, min: 0, custom: { fillOpacity: 8, lineWidth: 1, showPoints: 'never' } },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom' },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: Object.entries(lines).map(([legendFormat, expr], index) => ({
      refId: String.fromCodePoint(65 + index),
      expr,
      legendFormat,
    })),
  };
}
