import { createServer } from 'node:net';
import { DataFolderLock } from '../data-folder.ts';
import { readEndpoint } from '../endpoint-file.ts';
import { describePortHolder } from '../port-holder.ts';
import { type CheckOutcome, found, ok, type Place, unknown } from './check.ts';

const ANSWER_LIMIT_MS = 3_000;

/** Whether people can reach the service, or it could listen where it is told to. */
export async function checkPort({ configuration, folder }: Place): Promise<CheckOutcome[]> {
  const { host, port, role } = configuration;
  if (role === 'worker')
    return [ok('port', { en: 'This node serves no clients.', zh: '本节点不接受客户端。' })];
  const url = await readEndpoint(folder);
  const subject = `${host}:${port}`;
  if (url !== null) {
    const isAlive = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) }).then(
      (response) => response.ok,
      () => false,
    );
    if (isAlive) return [ok('port', { en: `Budao answers at ${url}`, zh: `Budao 在 ${url} 正常应答` }, url)];
    return [
      found('failed', 'port', {
        subject: url,
        evidence: {
          en: `The service is registered at ${url} and does not answer within ${ANSWER_LIMIT_MS / 1000} s.`,
          zh: `服务登记在 ${url}，但 ${ANSWER_LIMIT_MS / 1000} 秒内没有应答。`,
        },
        repair: {
          en: '`budao status` shows its processes; restart the service if it stays so.',
          zh: '用 `budao status` 查看进程；若一直如此，请重启服务。',
        },
      }),
    ];
  }
  const code = port === 0 ? null : await tryListening(host, port);
  if (code === null) return [ok('port', { en: 'free', zh: '空闲' }, subject)];
  if (code !== 'EADDRINUSE')
    return [unknown('port', { en: `Listening fails with ${code}.`, zh: `监听失败：${code}。` }, subject)];
  const holder = describePortHolder(port);
  // A service that runs wants it now; one that is stopped may be started with another.
  const isWanted = DataFolderLock.holder(folder) !== null;
  return [
    found(isWanted ? 'failed' : 'warning', 'port', {
      subject,
      evidence: { en: `Port ${port} is in use by ${holder}.`, zh: `端口 ${port} 被 ${holder} 占用。` },
      repair: {
        en: 'Stop that program, or choose another port with --port or BUDAO_PORT.',
        zh: '停止该程序，或用 --port 或 BUDAO_PORT 换一个端口。',
      },
    }),
  ];
}

/** @returns the code of what keeps it from listening */
function tryListening(host: string, port: number): Promise<string | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}
