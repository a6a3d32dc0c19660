/** Of a page that is read on a screen and printed on A4. */
export const STYLE = `
@page { size: A4; margin: 16mm 14mm; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 780px; padding: 24px; color: #1f2328; background: #fff;
  font: 13px/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 22px; line-height: 1.3; margin: 0 0 4px; }
h2 { font-size: 15px; margin: 24px 0 8px; border-bottom: 1px solid #d8dee4; padding-bottom: 3px; break-after: avoid; }
.lead { color: #57606a; margin: 0 0 12px; }
.verdict { border-left: 6px solid; padding: 8px 14px; margin: 14px 0; background: #f6f8fa; }
.verdict b { font-size: 18px; margin-right: 10px; }
.pass { color: #1a7f64; border-color: #1a7f64; }
.fail { color: #c4432b; border-color: #c4432b; }
.inconclusive { color: #9a6700; border-color: #9a6700; }
.verdict span { color: #1f2328; }
table { border-collapse: collapse; width: 100%; margin: 6px 0; }
th, td { text-align: left; vertical-align: top; padding: 3px 8px 3px 0; border-bottom: 1px solid #eaeef2;
  overflow-wrap: anywhere; }
thead th { color: #57606a; font-weight: 600; font-size: 12px; overflow-wrap: normal; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.pairs th { width: 38%; font-weight: 400; color: #57606a; }
td.nowrap, .log td:first-child { white-space: nowrap; }
.log { font-size: 11.5px; }
.gates td { white-space: nowrap; }
.gates td:first-child { white-space: normal; min-width: 190px; }
.gates td:last-child { white-space: normal; width: 30%; color: #57606a; }
svg { display: block; width: 100%; height: auto; margin: 6px 0; break-inside: avoid;
  font-family: system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
code { font: 11px ui-monospace, monospace; overflow-wrap: anywhere; }
.signoff td { height: 34px; }
ul { margin: 6px 0; padding-left: 20px; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } h2 { margin-top: 16px; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
