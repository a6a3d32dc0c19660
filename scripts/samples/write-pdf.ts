import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { escapeXml, renderBlocks } from './markup.ts';
import type { SourceBlock } from './source-blocks.ts';

const run = promisify(execFile);
const printTimeoutMs = 60_000;

/**
 * Printed by headless Chromium, with running header and page numbers as in real life. The Chinese font is a TrueType
 * one in a single weight: of those Chromium embeds the glyphs in use, whereas it draws OpenType ones as Type 3 pictures.
 */
export async function writePdf(
  title: string,
  language: string,
  header: string,
  blocks: SourceBlock[],
): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'budao-samples-'));
  try {
    const htmlPath = join(folder, 'in.html');
    const pdfPath = join(folder, 'out.pdf');
    await writeFile(htmlPath, page(title, language, header, blocks));
    await run(
      'chromium',
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-sync',
        '--disable-background-networking',
        '--disable-component-update',
        `--user-data-dir=${folder}/profile`,
        '--no-pdf-header-footer',
        `--print-to-pdf=${pdfPath}`,
        pathToFileURL(htmlPath).href,
      ],
      { timeout: printTimeoutMs },
    );
    return await readFile(pdfPath);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function page(title: string, language: string, header: string, blocks: SourceBlock[]): string {
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<title>${escapeXml(title)}</title>
<style>
@page { size: A4; margin: 22mm 20mm; font: 8pt "Liberation Sans", "Droid Sans Fallback"; @top-right { content: "${header}" } @bottom-center { content: counter(page) " / " counter(pages) } }
body { font: 11pt/1.7 "Liberation Sans", "Droid Sans Fallback", sans-serif }
h1, h2, h3, th { font-weight: normal }
th { background: #eee }
table { border-collapse: collapse; width: 100%; font-size: 9pt }
th, td { border: 1px solid #555; padding: 4pt 8pt; text-align: left }
tr { break-inside: avoid }
h1, h2, h3 { break-after: avoid }
</style>
</head>
<body>
${renderBlocks(blocks)}
</body>
</html>`;
}
