/**
 * Makes the PDF fixtures under tests/fixtures/documents that cannot be written by hand: real fonts, real encryption.
 * Needs `chromium`, `qpdf` and the Noto CJK fonts; the results are committed, so only their author needs those.
 *
 *     npx node scripts/make-document-fixtures.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../tests/fixtures/documents/', import.meta.url));
const offline =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --no-pdf-header-footer';

// One weight of one font and few different characters keep the file small.
const handbook = `<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>停电应急手册</title><style>
@page { size: A5; margin: 2.4cm 2cm;
  @top-center { content: "院内手册 停电应急"; font: 8pt "Noto Sans CJK SC" }
  @bottom-center { content: "第 " counter(page) " 页"; font: 8pt "Noto Sans CJK SC" } }
body { font: 10.5pt/1.6 "Noto Sans CJK SC"; margin: 0 }
h1, h2, th { font-weight: normal } h1 { font-size: 20pt } h2 { font-size: 14pt }
p { margin: 0; text-indent: 2em } p.en { text-indent: 0 }
td, th { padding: 3px 22px } .next { break-before: page }
</style></head><body>
<h1>停电应急手册</h1>
<h2>第一章 总则</h2>
<p>第一条 为了停电时院内手册仍能用，值班人员应当在停电后15分钟内到机房，停电后通知值班人员，值班人员应当通知总务科。</p>
<p>第二条 值班人员应当在值班手册内写明到机房的时间。</p>
<h2>第二章 应急</h2>
<ol><li>通知总务科。</li><li>电量小于30%时用发电机。</li></ol>
<table><tr><th>科</th><th>电</th><th>人</th></tr><tr><td>总务科</td><td>6001</td><td>王工，停电后15分钟内到机房，写明时间</td></tr><tr><td>机房</td><td>6002</td><td>李工</td></tr></table>
<h2 class="next">3 English summary</h2>
<p class="en">The engineer on call must be in the machine room within fifteen minutes, and writes down the time of
arrival. When the power is out for longer than an hour, the head of the department is told.</p>
<h2 class="next">第三章 值班</h2>
<p>第三条 值班人员应当在机房。</p>
</body></html>`;

const scratch = mkdtempSync(join(tmpdir(), 'document-fixtures-'));
try {
  const page = join(scratch, 'handbook.html');
  const printed = join(scratch, 'handbook.pdf');
  writeFileSync(page, handbook);
  execFileSync('chromium', [...offline.split(' '), `--print-to-pdf=${printed}`, page], { stdio: 'ignore' });
  const compact = ['--object-streams=generate', '--recompress-flate', '--compression-level=9'];
  execFileSync('qpdf', [...compact, '--deterministic-id', printed, join(folder, 'handbook-zh.pdf')]);
  const lock = ['--encrypt', 'secret', 'owner', '256', '--'];
  execFileSync('qpdf', [...compact, printed, ...lock, join(folder, 'encrypted.pdf')]);
} finally {
  rmSync(scratch, { recursive: true });
}
