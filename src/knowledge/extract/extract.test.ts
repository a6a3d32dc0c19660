import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  docxOf,
  epubOf,
  leaveRulesDocx,
  trainingPptx,
  xlsxOf,
} from '../../../tests/fixtures/documents/build-office.ts';
import { chinesePdf } from '../../../tests/fixtures/documents/build-pdf.ts';
import { extract } from './extract.ts';
import type { ExtractedDocument } from './extracted-document.ts';
import { fullText } from './full-text.ts';
import { defaultExtractionLimits } from './limits.ts';

interface GoodCase {
  name: string;
  filename: string;
  content: string | Buffer | (() => Promise<Buffer>);
  format: ExtractedDocument['format'];
  title: string | null;
  pages?: number;
  /** `kind level page section | text`, parts that are not there left out. */
  blocks: string[];
  warnings?: string[];
  details?: object[];
}

const fixture = (name: string): Promise<Buffer> =>
  readFile(new URL(`../../../tests/fixtures/documents/${name}`, import.meta.url));

const goodCases: GoodCase[] = [
  {
    name: 'Markdown with headings, lists, a table, code and front matter',
    filename: 'vpn.md',
    format: 'markdown',
    title: 'VPN 使用说明',
    content: [
      '---\ntitle: "VPN 使用说明"\ntags: [it]\n---\n<!-- draft -->\n# VPN *access*\n',
      '员工在院外访问内网，\n必须使用 **VPN**，见[手册](a.md)。  \n密码每 90 天更换。\n',
      'Setext heading\n---\n- [ ] Install the `client`\n  and restart\n- 登录\n\n1. first\n2. second\n',
      '| 系统 | 电话 |\n|---|:-:|\n| VPN | 6100 |\n| 邮箱 \\| 日历 | 6200 |\n',
      '```sh\n# not a heading\nvpn --up\n```\n> 注意：a < b &amp; c\n',
    ].join('\n'),
    blocks: [
      'heading 1 | VPN access',
      'paragraph | 员工在院外访问内网，必须使用 VPN，见手册。\n密码每 90 天更换。',
      'heading 2 | Setext heading',
      'list-item | Install the client and restart',
      'list-item | 登录',
      'list-item | 1. first',
      'list-item | 2. second',
      'table-row | 系统: VPN；电话: 6100',
      'table-row | 系统: 邮箱 | 日历；电话: 6200',
      'code | # not a heading\nvpn --up',
      'paragraph | 注意：a < b & c',
    ],
  },
  {
    name: 'plain text whose lines an editor wrapped',
    filename: 'duty.txt',
    format: 'text',
    title: null,
    content:
      'The engineer on call must be on site within fifteen minutes, and has to\nrecord the time of arrival in the duty log before anything else is done.\n\nTel. 6001\nRoom 4\n\n第一条 值班。\n第二条 交接。\n',
    blocks: [
      'paragraph | The engineer on call must be on site within fifteen minutes, and has to record the time of arrival in the duty log before anything else is done.',
      'paragraph | Tel. 6001\nRoom 4',
      'paragraph | 第一条 值班。',
      'paragraph | 第二条 交接。',
    ],
  },
  {
    name: 'GB18030 text',
    filename: 'old.txt',
    format: 'text',
    title: null,
    content: iconv.encode('报销须在发票日期后三十日内提交，逾期不予受理。', 'gb18030'),
    blocks: ['paragraph | 报销须在发票日期后三十日内提交，逾期不予受理。'],
  },
  {
    name: 'UTF-16 text with a byte order mark',
    filename: 'notepad.txt',
    format: 'text',
    title: null,
    content: iconv.encode('采购金额超过五万元须招标。', 'utf-16', { addBOM: true }),
    blocks: ['paragraph | 采购金额超过五万元须招标。'],
  },
  {
    name: 'HTML without its scripts and menus',
    filename: 'page.html',
    format: 'html',
    title: '密码政策',
    content: `<!DOCTYPE html><html><head><title>密码政策</title><style>p{}</style><script>alert(1)</script></head><body>
      <nav><a>Home</a></nav><h1>密码政策</h1><p>密码至少
      十二位，<b>不得</b>重复使用。</p><ul><li>Use a passphrase<ul><li>of four words</li></ul></li></ul>
      <ol start="3"><li>第三步</li></ol>
      <table><tr><th>角色</th><th>有效期</th></tr><tr><td rowspan=2>医生</td><td>90天</td></tr><tr><td>180天</td></tr></table>
      <table><tr><td><h2>Layout</h2><p>One.</p></td></tr></table><pre>  a
    b</pre>tail</body></html>`,
    blocks: [
      'heading 1 | 密码政策',
      'paragraph | 密码至少十二位，不得重复使用。',
      'list-item | Use a passphrase',
      'list-item | of four words',
      'list-item | 3. 第三步',
      'table-row | 角色: 医生；有效期: 90天',
      'table-row | 角色: 医生；有效期: 180天',
      'heading 2 | Layout',
      'paragraph | One.',
      'code |   a\n    b',
      'paragraph | tail',
    ],
  },
  {
    name: 'PDF with an embedded Chinese font, running heads and a table with wrapped cells',
    filename: 'handbook.pdf',
    format: 'pdf',
    title: '停电应急手册',
    pages: 3,
    content: () => fixture('handbook-zh.pdf'),
    blocks: [
      'heading 1 p1 | 停电应急手册',
      'heading 2 p1 | 第一章 总则',
      'paragraph p1 | 第一条 为了停电时院内手册仍能用，值班人员应当在停电后15分钟内到机房，停电后通知值班人员，值班人员应当通知总务科。',
      'paragraph p1 | 第二条 值班人员应当在值班手册内写明到机房的时间。',
      'heading 2 p1 | 第二章 应急',
      'list-item p1 | 1. 通知总务科。',
      'list-item p1 | 2. 电量小于30%时用发电机。',
      'table-row p1 | 科: 总务科；电: 6001；人: 王工，停电后15分钟内到机房，写明时间',
      'table-row p1 | 科: 机房；电: 6002；人: 李工',
      'heading 2 p2 | 3 English summary',
      'paragraph p2 | The engineer on call must be in the machine room within fifteen minutes, and writes down the time of arrival. When the power is out for longer than an hour, the head of the department is told.',
      'heading 2 p3 | 第三章 值班',
      'paragraph p3 | 第三条 值班人员应当在机房。',
    ],
  },
  {
    name: 'PDF in a Chinese font that is not embedded, with no network to fetch its map from',
    filename: 'rules.pdf',
    format: 'pdf',
    title: '门诊挂号办法',
    pages: 2,
    content: chinesePdf(
      [['第一条 为了规范门诊挂号工作，', '制定本办法。'], ['第二条 挂号须实名。']],
      '门诊挂号办法',
    ),
    blocks: [
      'paragraph p1 | 第一条 为了规范门诊挂号工作，制定本办法。',
      'paragraph p2 | 第二条 挂号须实名。',
    ],
  },
  {
    name: 'DOCX with the article numbers that Word counts, a merged table and a footnote',
    filename: 'leave.docx',
    format: 'docx',
    title: '请假管理办法',
    content: leaveRulesDocx,
    blocks: [
      'heading 1 | 第一章 总则',
      'paragraph | 第一条 员工请假应当提前三个工作日申请。',
      'paragraph | 第二条 病假须附诊断证明。',
      'heading 2 | Annual leave',
      'paragraph | Staff may carry over five days.',
      'table-row | 类别: 年假；工龄: 不满十年；天数: 5',
      'table-row | 类别: 年假；工龄: 十年以上；天数: 10',
      'paragraph | 工作日不含法定节假日。',
    ],
  },
  {
    name: 'DOCX without deleted revisions, field codes and the twins of drawings',
    filename: 'revised.docx',
    format: 'docx',
    title: null,
    content: () =>
      docxOf(
        '<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>保留</w:t><w:tab/><w:t>文字</w:t></w:r>' +
          '<w:del><w:r><w:delText>删除</w:delText></w:r></w:del><w:r><w:instrText>PAGEREF</w:instrText></w:r>' +
          '<w:ins><w:r><w:t>新增</w:t></w:r></w:ins></w:p>' +
          '<w:p><w:r><mc:AlternateContent xmlns:mc="m"><mc:Choice><w:p><w:r><w:t>框内</w:t></w:r></w:p></mc:Choice>' +
          '<mc:Fallback><w:p><w:r><w:t>框内</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent></w:r></w:p>',
      ),
    blocks: ['paragraph | 保留 文字新增', 'paragraph | 框内'],
  },
  {
    name: 'XLSX with shared and inline strings, dates, percentages, merged cells and a hidden sheet',
    filename: 'stock.xlsx',
    format: 'xlsx',
    title: null,
    pages: 3,
    content: () =>
      xlsxOf(
        [
          {
            name: '药品',
            xml:
              '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>2026年药品清单</t></is></c></row>' +
              '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="s"><v>1</v></c><c r="C2" t="inlineStr"><is><t>Share</t></is></c></row>' +
              '<row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3" s="1"><v>45748</v></c><c r="C3" s="2"><v>0.155</v></c></row>' +
              '<row r="5"><c r="B5" s="4"><v>45748.75</v></c><c r="C5"><v>0.30000000000000004</v></c></row></sheetData>' +
              '<mergeCells><mergeCell ref="A3:A5"/></mergeCells>',
          },
          { name: 'Secret', state: 'hidden', xml: '<sheetData/>' },
          {
            name: 'Log',
            xml: '<sheetData><row><c><v>7</v></c><c t="b"><v>1</v></c><c s="3"><v>0.5</v></c></row></sheetData>',
          },
        ],
        ['<t>名称</t>', '<r><t>有效</t></r><r><t>期</t></r>', '<t>阿司匹林</t><rPh><t>asi</t></rPh>'],
      ),
    blocks: [
      'paragraph p1 [药品] | 2026年药品清单',
      'table-row p1 [药品] | 名称: 阿司匹林；有效期: 2025-04-01；Share: 15.5%',
      'table-row p1 [药品] | 名称: 阿司匹林；有效期: 2025-04-01 18:00；Share: 0.3',
      'table-row p3 [Log] | 7；TRUE；12:00',
    ],
    warnings: ['The hidden sheet “Secret” was left out.'],
    details: [{ code: 'sheet_hidden', values: { sheet: 'Secret' } }],
  },
  {
    name: 'PPTX with titles, notes and a table',
    filename: 'training.pptx',
    format: 'pptx',
    title: '新员工培训',
    pages: 2,
    content: trainingPptx,
    blocks: [
      'heading 1 p1 | 用药安全',
      'list-item p1 | 药柜钥匙由护士长保管。',
      'paragraph p1 | 提醒学员登记领用时间。',
      'heading 1 p2 | VPN access',
      'table-row p2 | System: VPN；Contact: ext. 6100',
    ],
  },
  {
    name: 'EPUB in the order of its spine, with chapter names',
    filename: 'nursing.epub',
    format: 'epub',
    title: '护理手册',
    content: () =>
      epubOf([
        '<html><body><p>Appendix&nbsp;text.</p></body></html>',
        '<?xml version="1.0"?><!DOCTYPE html><html><body><h1>交接班</h1><p>口头并书面交接。</p></body></html>',
      ]),
    blocks: [
      'heading 1 [交接班] | 交接班',
      'paragraph [交接班] | 口头并书面交接。',
      'paragraph | Appendix text.',
    ],
  },
  {
    name: 'CSV with quotes, line ends in values and semicolons',
    filename: 'contacts.csv',
    format: 'csv',
    title: null,
    content: iconv.encode(
      '姓名;电话;备注\r\n王工;6001;"夜班;""急"""\r\n李工;6002;"两\r\n行"\r\n\r\n',
      'gb18030',
    ),
    blocks: [
      'table-row | 姓名: 王工；电话: 6001；备注: 夜班;"急"',
      'table-row | 姓名: 李工；电话: 6002；备注: 两 行',
    ],
  },
  {
    name: 'CSV without a header',
    filename: 'values.csv',
    format: 'csv',
    title: null,
    content: '1,2,3\n4,5,6\n',
    blocks: ['table-row | 1；2；3', 'table-row | 4；5；6'],
  },
  {
    name: 'a PDF that is named .docx',
    filename: '../../wrong\u0000\u202E.docx',
    format: 'pdf',
    title: null,
    pages: 1,
    content: chinesePdf([['内容']]),
    blocks: ['paragraph p1 | 内容'],
    warnings: ['The name ends in .docx, but the content is pdf and was read as such.'],
    details: [{ code: 'name_differs_from_content', values: { extension: 'docx', format: 'pdf' } }],
  },
  {
    name: 'a DOCX that is named .txt',
    filename: 'plain.txt',
    format: 'docx',
    title: null,
    content: () => docxOf('<w:p><w:r><w:t>文字</w:t></w:r></w:p>'),
    blocks: ['paragraph | 文字'],
    warnings: ['The name ends in .txt, but the content is docx and was read as such.'],
    details: [{ code: 'name_differs_from_content', values: { extension: 'txt', format: 'docx' } }],
  },
  {
    name: 'a document with macros, of which only the text is read',
    filename: 'form.docm',
    format: 'docx',
    title: null,
    content: () =>
      docxOf('<w:p><w:r><w:t>表单</w:t></w:r></w:p>', { 'word/vbaProject.bin': Buffer.from([1, 2, 3]) }),
    blocks: ['paragraph | 表单'],
    warnings: ['The document holds macros; they were ignored, only its text was read.'],
    details: [{ code: 'macros_ignored', values: {} }],
  },
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'extract-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a good document keeps its text, structure and order', () => {
  it.each(goodCases)('$name', async (good) => {
    const path = join(folder, 'bytes');
    await writeFile(path, typeof good.content === 'function' ? await good.content() : good.content);
    const document = await extract(path, good.filename, defaultExtractionLimits);
    expect(document.blocks.map(line)).toEqual(good.blocks);
    expect(document).toMatchObject({ format: good.format, title: good.title, pages: good.pages ?? null });
    expect(document.warnings.map(({ message }) => message)).toEqual(good.warnings ?? []);
    expect(document.warnings.map(({ code, values }) => ({ code, values }))).toEqual(good.details ?? []);
    expect(fullText(document)).toBe(document.blocks.map((block) => block.text).join('\n'));
  });
});

function line(block: ExtractedDocument['blocks'][number]): string {
  const parts = [
    block.kind,
    block.level,
    block.page && `p${block.page}`,
    block.section && `[${block.section}]`,
  ];
  return `${parts.filter((part) => part !== undefined).join(' ')} | ${block.text}`;
}
