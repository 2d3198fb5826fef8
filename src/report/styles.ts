// The report's style sheet: one for paper, light and dark screens, wide and narrow ones.
import { paletteVariables } from "./palette.js";

const lightColours = `--paper:#fff;--ground:#f5f6f8;--ink:#16191d;--soft:#565d66;--faint:#8a919b;--hair:#e3e6ea;--rule:#b9bfc7;--accent:#0b62c4;--notice:#fff6df;--notice-edge:#d79b00;--in-bar:#fff;color-scheme:light;${paletteVariables("light")}`;
const darkColours = `--paper:#14171b;--ground:#1c2026;--ink:#e9ebee;--soft:#a9b0ba;--faint:#7d8590;--hair:#2b3038;--rule:#4a515c;--accent:#6cb2ff;--notice:#2e2715;--notice-edge:#d79b00;--in-bar:#0d0f12;color-scheme:dark;${paletteVariables("dark")}`;

/** The whole style sheet. Colours are variables, so that a chart follows the reader's light or dark page. */
export function styleSheet(): string {
  return `:root{${lightColours}}
@media (prefers-color-scheme:dark){:root{${darkColours}}}
@media print{@page{size:A4 landscape;margin:12mm}:root{${lightColours}}main{max-width:none;padding:0}details.numbers,nav.contents{display:none}figure,table,tr{break-inside:avoid}h2,h3{break-after:avoid}.scroll,.wide,.panels{overflow:visible}.results{font-size:9.5px}.results th,.results td{padding:3px 4px}.wide .chart{min-width:0}.results small{display:block}pre{white-space:pre-wrap}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif}
main{max-width:1176px;margin:0 auto;padding:40px 28px 72px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.015em;margin:0 0 6px;font-weight:650}
h2{font-size:20px;letter-spacing:-.01em;margin:52px 0 6px;padding-top:18px;border-top:1px solid var(--hair);font-weight:650}
h3{font-size:15px;margin:22px 0 6px;font-weight:650}
p{margin:6px 0 12px;max-width:86ch}
.lead{color:var(--soft);font-size:16px;margin:0 0 16px}
.explain{color:var(--soft)}
a{color:var(--accent)}
code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
pre{background:var(--ground);border-radius:8px;padding:14px 16px;overflow-x:auto;margin:8px 0}
.badge{display:inline-block;font-size:12px;font-weight:650;letter-spacing:.04em;border-radius:99px;padding:2px 10px;vertical-align:middle;border:1px solid var(--notice-edge);background:var(--notice)}
.notice{background:var(--notice);border-left:3px solid var(--notice-edge);border-radius:0 6px 6px 0;padding:9px 14px;margin:10px 0;max-width:none}
.notice ul{margin:2px 0;padding-left:18px}
.scroll{margin:10px 0}
.scroll,.wide,.panels{overflow-x:auto;scrollbar-width:thin;scrollbar-color:var(--rule) transparent;background:linear-gradient(to right,var(--paper) 24px,transparent),linear-gradient(to left,var(--paper) 24px,transparent) 100% 0,linear-gradient(to right,var(--rule),transparent 9px),linear-gradient(to left,var(--rule),transparent 9px) 100% 0;background-repeat:no-repeat;background-size:48px 100%,48px 100%,9px 100%,9px 100%;background-attachment:local,local,scroll,scroll}
.scroll:focus-visible,.wide:focus-visible,.panels:focus-visible,pre:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.headline{font-size:17px;margin:0 0 14px;padding:0;list-style:none;max-width:none}
.contents ul{display:flex;flex-wrap:wrap;gap:2px 20px;padding:0;margin:14px 0 0;list-style:none;font-size:14px}
small{font-size:.82em;color:var(--soft);font-weight:400}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}
caption{caption-side:top;text-align:left;color:var(--soft);padding:0 0 6px;font-size:14px}
th,td{padding:5px 10px;text-align:right;white-space:nowrap}
thead th{font-weight:600;color:var(--soft);border-bottom:1px solid var(--rule);vertical-align:bottom}
thead th.span{text-align:center;color:var(--ink);border-bottom:1px solid var(--hair)}
tbody th{font-weight:500;text-align:left}
tbody tr+tr>*{border-top:1px solid var(--hair)}
.results tbody tr:first-child>*{border-top:1px solid var(--rule)}
.results{min-width:100%;font-size:13.5px}.results th,.results td{padding:5px 6px}
.results th:first-child{padding-left:0}
.results .edge{padding-left:18px}
.results .best{font-weight:700}
.results .gap>*{color:var(--soft);font-size:13px}
.facts{width:100%;font-size:14px}
.facts th,.facts td{text-align:left;white-space:normal;vertical-align:top;overflow-wrap:anywhere}
.facts tbody th{color:var(--soft);width:160px;padding-left:0;overflow-wrap:normal}
.facts thead th{color:var(--ink)}
.swatch{display:inline-block;width:11px;height:11px;border-radius:3px;margin-right:7px;vertical-align:-1px}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,430px),1fr));gap:26px 36px;margin:16px 0 6px}
.panels.three{grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:26px 28px}
.panels>*{min-width:0;max-width:720px}
.panels.three>*{max-width:440px}
figure{margin:18px 0 8px}
.wide .chart{min-width:940px}
.legend{display:flex;flex-wrap:wrap;gap:4px 22px;padding:0;margin:12px 0 0;list-style:none;font-size:14px;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:8px}
.legend svg{flex:none}
details{margin:8px 0}
summary{cursor:pointer;color:var(--accent);font-size:14px;width:fit-content}
summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
.numbers .scroll{max-height:420px;overflow:auto}
.numbers table{font-size:13px}
.numbers th,.numbers td{padding:3px 9px}
.numbers thead th{position:sticky;top:0;background:var(--paper)}
footer{margin-top:56px;padding-top:14px;border-top:1px solid var(--hair);color:var(--soft);font-size:13px}
.chart{display:block;width:100%;height:auto;font-family:inherit;overflow:visible}
.chart text{fill:var(--ink);stroke:none}
.chart-title{font-size:14.5px;font-weight:650}
.chart .chart-subtitle{font-size:12.5px;fill:var(--soft)}
.chart .tick,.chart .axis-name,.chart .note{font-size:12px;fill:var(--soft);font-variant-numeric:tabular-nums}
.chart .label{font-size:12px}
.chart .group-name{font-size:12px;fill:var(--soft);letter-spacing:.06em;text-transform:uppercase}
.grid{stroke:var(--hair)}
.base{stroke:var(--rule)}
.reference{stroke:var(--faint);stroke-dasharray:2 3}
.line{fill:none;stroke-width:2.1;stroke-linejoin:round;stroke-linecap:round}
.dot{stroke:none}
.hit{fill:transparent;stroke:none}
.point:hover .hit{fill:inherit;fill-opacity:.35}
.ring{fill:var(--paper);fill-opacity:.6;stroke-width:2.1}
.leader{fill:none;stroke-width:1.2}
.clean{stroke:none;fill-opacity:.26}
.robust{stroke:none;fill-opacity:.92}
.cap{stroke-width:1.6}
.chart .in-bar,.chart .on-bar{font-size:11px;font-variant-numeric:tabular-nums}
.chart .in-bar{fill:var(--in-bar);font-weight:600}
.ground{fill:var(--ground)}
.ground-plain{fill:none}
.shares path{stroke-width:.5}
.parted path{stroke:var(--paper);stroke-width:.7}
.shares path:hover{fill-opacity:.75}
@media (max-width:640px){main{padding:24px 16px 48px}h1{font-size:25px}.facts tbody th{width:110px}.panels.two{grid-template-columns:repeat(auto-fill,minmax(540px,1fr))}}`;
}
