// Puts the sections together into one page that needs nothing else.
import { html, Markup } from "./markup.js";
import type { RunRecord } from "./reading/index.js";
import { type ReportSection, reportSections } from "./render-sections.js";
import { reportTitle, shownRuns } from "./sections/index.js";
import { styleSheet } from "./styles.js";

/**
 * The report of one or more runs as an HTML page. It runs no script and asks for nothing: fonts are the reader's, charts are
 * SVG, colours follow the reader's light or dark setting. The same records give the same text.
 */
export function renderReport(records: readonly RunRecord[]): string {
  const runs = shownRuns(records);
  const [top, ...others] = reportSections(records);
  // The policy enforces this: whatever text a class name holds, a browser loads and runs nothing.
  return `<!doctype html>
${html`<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"/>
<title>${reportTitle(runs)} · reat</title>
<style>${new Markup(styleSheet())}</style>
</head>
<body>
<main>
${top?.markup}${contents(others)}${others.map(({ markup }) => markup)}
<footer>Written by reat from ${runs.length === 1 ? "the run folder" : `${runs.length} run folders`}: ${runs.map((r) => r.record.folder).join(", ")}.</footer>
</main>
</body>
</html>
`}`;
}

/** With fewer sections, a reader sees most of them at once. */
const leastSections = 8;

/** Links to the sections, by the ids of their headings. */
function contents(sections: readonly ReportSection[]): Markup | false {
  const anchored = sections.flatMap(({ title, markup }) => {
    const [, id] = / aria-labelledby="([^" ]+)"/.exec(markup.text) ?? [];
    return id === undefined ? [] : [html`<li><a href="#${id}">${title}</a></li>`];
  });
  return (
    anchored.length >= leastSections &&
    html`<nav class="contents" aria-label="Contents"><ul>${anchored}</ul></nav>`
  );
}
