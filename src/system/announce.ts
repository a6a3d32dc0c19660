import { write } from 'node:fs';
import type { Configuration } from './configuration.ts';
import type { FirstSignIn } from './first-sign-in.ts';
import { VERSION } from './version.ts';

export const HELP = `不倒 Budao ${VERSION}: a knowledge assistant that gets back up.

Usage: npm run up -- [options]

  --host ADDRESS      address to listen on            (BUDAO_HOST, default 127.0.0.1: this machine only)
  --port NUMBER       port                            (BUDAO_PORT, default 7860)
  --data-dir FOLDER   where everything is kept        (BUDAO_DATA_DIR, default ./data)
  --workers NUMBER    worker processes                (BUDAO_WORKERS, default 2)
  --role ROLE         all, api or worker              (BUDAO_ROLE, default all; others need a shared ledger)
  --config FILE       YAML file with all settings     (BUDAO_CONFIG)

A model:      BUDAO_MODEL_BASE_URL, BUDAO_MODEL_API_KEY, BUDAO_MODEL_NAME
An embedder:  BUDAO_EMBEDDING_BASE_URL, BUDAO_EMBEDDING_API_KEY, BUDAO_EMBEDDING_NAME
Start empty:  BUDAO_SAMPLE=0

Example: npm run up -- --port 8080 --data-dir /srv/budao
`;

/** The lines a person looks for after starting. Whether anybody reads them is no matter of the service. */
export function announce(
  configuration: Configuration,
  state: { url: string | null; firstSignIn: FirstSignIn | null },
): void {
  const models = configuration.models.map((endpoint) => endpoint.name ?? endpoint.model).join(', ');
  const lines = [
    '',
    `  不倒 Budao ${VERSION} 已就绪 / ready`,
    '',
    state.url === null ? '  工作节点 worker node' : `  控制台 console   ${state.url}`,
    state.firstSignIn === null
      ? '  登录 sign in     用您的账号 / with your account'
      : `  登录 sign in     ${state.firstSignIn.username} / ${state.firstSignIn.password}   (首次登录后请修改 / change it after signing in)`,
    `  数据 data        ${configuration.dataDir}`,
    models === ''
      ? '  模型 model       未配置：摘录模式 / none: extractive mode (BUDAO_MODEL_BASE_URL …)'
      : `  模型 model       ${models}`,
    '',
    '',
  ];
  write(process.stdout.fd, lines.join('\n'), () => {});
}
