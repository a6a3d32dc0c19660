export const SHARED_FILES = ['folder', 'bucket'] as const;
export type SharedFiles = (typeof SHARED_FILES)[number];

/**
 * What `budao init --profile cluster` writes: every setting that a cluster needs, with its reason. The other place for
 * files is in it too, switched off.
 */
export function clusterTemplate({ keyFile, files }: { keyFile: string; files: SharedFiles }): string {
  const places = SHARED_FILES.map((kind) => (kind === files ? PLACES[kind] : switchedOff(PLACES[kind])));
  return TEMPLATE.replace('KEY_FILE', () => keyFile).replace('PLACES', () => places.join('\n'));
}

const PLACES: Record<SharedFiles, string> = {
  folder: `  # 文档和索引在所有节点共享的文件夹里，例如 NFS。挂载点必须先存在；程序只在其下建文件夹
  # Documents and index in a folder that all nodes share, such as NFS. It has to be mounted: only what is below is made
  blobs:
    folder: /mnt/budao/blobs
  index:
    folder: /mnt/budao/index`,
  bucket: `  # 或在 S3 存储桶里（也可用 MinIO、Ceph、OSS、COS 等）；索引也放在那里
  # Or in a bucket of S3, or of what speaks like it; the index lies there too
  blobs:
    bucket:
      endpoint: https://s3.example.internal
      region: us-east-1
      name: budao
      prefix: knowledge/
      # 格式同 ~/.aws/credentials，更换后自动重读 / as ~/.aws/credentials; read anew when it changes
      credentialsFile: /etc/budao/s3-credentials
      # certificateAuthorityFile: /etc/budao/s3-ca.pem
      # path：地址/桶；virtual-host：桶.地址 / path: address/bucket; virtual-host: bucket.address
      addressing: path
      # sha256 或 md5：有对象锁的桶需要 / sha256 or md5: needed by buckets with object lock
      checksum: none`,
};

function switchedOff(section: string): string {
  return section.replaceAll(/^ {2}(?!# )(.*)$/gm, '  # $1');
}

const TEMPLATE = `# 不倒 Budao：集群配置 / cluster configuration
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
PLACES
  # 各节点相同的密钥文件：head -c 32 /dev/urandom > secret.key
  # The same key file on every node
  secretKeyFile: KEY_FILE

# 模型端点，按顺序尝试 / model endpoints, tried in order
models: []
#  - name: 主模型
#    baseUrl: http://models.example.internal:8000/v1
#    model: qwen3
embedder: null
`;
