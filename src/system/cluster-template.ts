/** What `budao init --profile cluster` writes: every setting that a cluster needs, with its reason. */
export const CLUSTER_TEMPLATE = `# 不倒 Budao：集群配置 / cluster configuration
# 每个节点使用同一份文件；节点自己的设置放在环境变量里（BUDAO_NODE、BUDAO_HOST、BUDAO_PORT、BUDAO_ROLE）。
# Every node uses this same file; what is a node's own comes from its environment (BUDAO_NODE, BUDAO_HOST, …).
#
#   budao config check --config budao.yaml    逐个试用各组件 / tries every engine
#   budao migrate --config budao.yaml         建立或升级数据库结构，只需一次 / once, makes or upgrades the schema
#   npm run up -- --config budao.yaml         启动一个节点 / starts a node

# all：应答并工作；api：只应答；worker：只工作
# all: answers clients and works; api or worker: one of the two
role: all
workers: 2
# 节点自己的文件夹：缓存和锁。丢失无妨 / caches and locks of this node; may be lost
dataDir: /var/lib/budao

stores:
  # 唯一的事实来源：PostgreSQL 15 或更新。可写多台主机，自动找到可写的那一台
  # The truth: PostgreSQL 15 or later. Several hosts may be named; the one that takes writes is found
  ledger:
    url: postgres://budao@db1.example.internal,db2.example.internal/budao?sslmode=verify-full&sslrootcert=/etc/budao/db-ca.pem
    passwordFile: /etc/budao/db-password
    # 每个进程的连接数 / connections of each process
    connections: 10
  # 节点之间的提示：Redis 或 Valkey；不设则用数据库的 NOTIFY。丢失只影响快慢
  # Hints between nodes: Redis or Valkey; without it the database's NOTIFY. Losing it costs time, never data
  # channel:
  #   url: rediss://budao@redis.example.internal:6379
  #   passwordFile: /etc/budao/redis-password
  # 所有节点共享的文件夹，例如 NFS / a folder that all nodes share, such as NFS
  blobs:
    folder: /mnt/budao/blobs
  index:
    folder: /mnt/budao/index
  # 各节点相同的密钥文件：head -c 32 /dev/urandom > secret.key
  # The same key file on every node
  secretKeyFile: /etc/budao/secret.key

# 模型端点，按顺序尝试 / model endpoints, tried in order
models: []
#  - name: 主模型
#    baseUrl: http://models.example.internal:8000/v1
#    model: qwen3
embedder: null
`;
