import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Generation } from '../../knowledge/library/knowledge-bases.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { identifyModel, openModelFolder } from '../../models/onnx-model-folder.ts';
import { type CheckOutcome, found, ok, type Place, reasonOf } from './check.ts';

/** Lines as sha256sum writes them; whoever brings a model may put them beside it. */
const CHECKSUMS = 'SHA256SUMS';
const PUT_BACK = {
  en: 'Copy the model folder again from where it came from, or from a kit.',
  zh: '从来源或应急包重新复制模型文件夹。',
};

/** A model that has changed gives vectors that do not fit those that are stored. */
export async function checkModels({ configuration }: Place, ledger: Ledger | null): Promise<CheckOutcome[]> {
  const { embedder } = configuration;
  if (embedder === null || !('folder' in embedder))
    return [ok('models', { en: 'no model files are configured', zh: '未配置模型文件' })];
  const subject = embedder.folder;
  let identity: string;
  try {
    const model = await openModelFolder(subject);
    identity = `onnx:${model.name}:${(await identifyModel(model, null)).slice(0, 16)}`;
    const broken = await brokenFiles(subject);
    if (broken.length > 0) {
      const names = broken.join(', ');
      const evidence = {
        en: `Files differ from their checksums in ${CHECKSUMS}: ${names}`,
        zh: `文件与 ${CHECKSUMS} 中的校验和不符：${names}`,
      };
      return [found('failed', 'models', { subject, evidence, repair: PUT_BACK })];
    }
  } catch (error) {
    const why = reasonOf(error);
    return [found('failed', 'models', { subject, evidence: { en: why, zh: why }, repair: PUT_BACK })];
  }
  const used = await embeddersInUse(ledger);
  if (used.length > 0 && !used.some((id) => id.startsWith(`${identity}:`))) {
    return [
      found('failed', 'models', {
        subject,
        evidence: {
          en: `The files are not those of which the vectors were made: ${identity}, and not ${used.join(', ')}.`,
          zh: `这些文件不是生成现有向量的模型：现为 ${identity}，原为 ${used.join('、')}。`,
        },
        repair: {
          en: `${PUT_BACK.en} If it was changed on purpose, a rebuild is under way: see "index".`,
          zh: `${PUT_BACK.zh}若是有意更换，则正在重建，见“索引”。`,
        },
      }),
    ];
  }
  return [
    ok('models', { en: `${identity}, as the vectors have it`, zh: `${identity}，与向量一致` }, subject),
  ];
}

async function brokenFiles(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, CHECKSUMS), 'utf8').catch(() => '');
  const broken: string[] = [];
  for (const line of text.split('\n')) {
    const [, expected = '', name = ''] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (name === '' || name.split('/').includes('..')) continue;
    const hash = createHash('sha256');
    const isWhole = await pipeline(createReadStream(join(folder, name)), hash).then(
      () => hash.digest('hex') === expected,
      () => false,
    );
    if (!isWhole) broken.push(name);
  }
  return broken;
}

async function embeddersInUse(ledger: Ledger | null): Promise<string[]> {
  const rows = await ledger?.read.all<{ generation: string }>(
    'SELECT DISTINCT generation FROM knowledge_base WHERE deleted_at IS NULL',
  );
  const ids = (rows ?? []).map(({ generation }) => (JSON.parse(generation) as Generation).embedder);
  return [...new Set(ids.filter((id) => id !== null))];
}
