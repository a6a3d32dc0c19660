/**
 * Makes the binary documents of the sample knowledge base from their plain sources:
 * `npx node scripts/make-samples.ts [part of a file name …]`. The results are committed; only an editor of the samples
 * needs this, with `chromium`, `fonts-liberation` and `fonts-droid-fallback` on the machine.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import { parseSource, type SourceBlock } from './samples/source-blocks.ts';
import { writeDocx } from './samples/write-docx.ts';
import { writeEpub } from './samples/write-epub.ts';
import { writePdf } from './samples/write-pdf.ts';
import { writePptx } from './samples/write-pptx.ts';
import { writeXlsx } from './samples/write-xlsx.ts';

const samplesFolder = join(import.meta.dirname, '..', 'samples');

const chineseHeader = '东岚市第一人民医院 · 内部文件';
const englishHeader = "Donglan First People's Hospital · internal";

const outputs: string[] = [
  '员工休假管理办法（2022版）.txt',
  '差旅与费用报销管理办法.docx',
  '差旅与采购限额表.xlsx',
  '麻精药品柜管理规定.pdf',
  '病历数据备份与恢复规范.pdf',
  '停电应急预案.pptx',
  '病历复印与个人信息查询指南.epub',
  '医疗设备维护保养规程.docx',
  'incident-reporting-procedure.docx',
  'new-employee-onboarding.pdf',
];

const wanted = process.argv.slice(2);
for (const output of outputs) {
  if (wanted.length === 0 || wanted.some((part) => output.includes(part))) {
    const bytes = await makeDocument(output);
    await writeFile(join(samplesFolder, 'hospital', output), bytes);
    console.log(`${output}  ${bytes.length} bytes`);
  }
}

async function makeDocument(output: string): Promise<Buffer> {
  const [, name, extension] = /^(.+)\.(\w+)$/.exec(output)!;
  const isPlainText = extension === 'txt';
  const sourcePath = join(samplesFolder, 'sources', 'hospital', `${name}.${isPlainText ? 'txt' : 'md'}`);
  const source = await readFile(sourcePath, 'utf8');
  if (isPlainText) {
    return iconv.encode(source, 'gb18030');
  }
  const blocks = parseSource(source);
  return renderBinary(extension!, titleOf(blocks), /\p{Script=Han}/u.test(name!) ? 'zh-CN' : 'en', blocks);
}

async function renderBinary(
  extension: string,
  title: string,
  language: string,
  blocks: SourceBlock[],
): Promise<Buffer> {
  switch (extension) {
    case 'docx':
      return writeDocx(title, blocks);
    case 'xlsx':
      return writeXlsx(blocks);
    case 'pptx':
      return writePptx(title, blocks);
    case 'epub':
      return writeEpub(title, language, blocks);
    case 'pdf':
      return writePdf(title, language, language === 'en' ? englishHeader : chineseHeader, blocks);
    default:
      throw new Error(`No writer for .${extension}; add one under scripts/samples/.`);
  }
}

function titleOf(blocks: SourceBlock[]): string {
  const first = blocks[0];
  if (first?.kind !== 'heading') {
    throw new Error('A source starts with its title as a first-level heading.');
  }
  return first.text;
}
