// The page of an audit: the verdict, a row for each check, the loss around a few images.
import { dirname } from "node:path";
import { normSymbol } from "../attacks/index.js";
import { makeFolder, writeDurably } from "../durable-file.js";
import type { AuditRow, AuditVerdict, RowVerdict } from "../evaluation/index.js";
import type { AuditRecord } from "../experiments/index.js";
import { formatFraction } from "../fraction.js";
import { lossSurfaceMap } from "./charts/index.js";
import { html, Markup } from "./markup.js";
import { styleSheet } from "./styles.js";

/** The meaning of each verdict of an audit, in one sentence. */
export const auditVerdicts: Readonly<Record<AuditVerdict, string>> = {
  pass: "No check found a sign of masked gradients. That is not a proof that there are none.",
  fail: "At least one check found that the model hides from attacks: gradients do not tell all, so no figure of a gradient attack can be trusted. Quote AutoAttack's and Square's.",
  inconclusive:
    "Too little could be compared, or the model does no better than guessing, so there is no verdict.",
};

/** Signs of what a check came to. */
export const auditMarks: Readonly<Record<RowVerdict, string>> = {
  pass: "✓",
  fail: "✗",
  overstates: "!",
  inconclusive: "–",
};

/** What is to be quoted, in one sentence. */
export function quotedFigure({ figure, robust }: Pick<AuditRecord, "figure" | "robust">): string {
  if (figure.verdict === "stands")
    return "The plain attack's figure stands; AutoAttack's is the one to publish.";
  const { quote } = figure;
  const own =
    quote === null ? "" : ` or at least that of ${quote.attack}, which leaves ${percent(quote.accuracy)}`;
  return `The plain attack overstates (${percent(robust)}): quote AutoAttack's figure${own}.`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Which images and which budget the figures are of, in one sentence. */
export function auditedOn({ images, dataset, synthetic, budget }: AuditRecord): string {
  const made = synthetic ? " (synthetic, drawn by a program: they say nothing about photographs)" : "";
  return `${images} test images of ${dataset}${made}, ${normSymbol(budget.norm)} budget ${formatFraction(budget.epsilon)}`;
}

/** A page that opens offline and runs no script. The same record gives the same text. */
export function renderAudit(record: AuditRecord): string {
  const { subject, verdict, rows, surfaces, clean, robust } = record;
  return `<!doctype html>
${html`<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"/>
<title>Audit of ${subject} · reat</title>
<style>${new Markup(styleSheet())}</style>
</head>
<body>
<main>
<h1>Audit of ${subject}: ${verdict}</h1>
<p class="lead">${auditVerdicts[verdict]} ${quotedFigure(record)} Measured on ${auditedOn(record)}. Accuracy is ${figure(clean)} without an attack and ${figure(robust)} under the plain one.</p>
<section aria-labelledby="checks"><h2 id="checks">Checks</h2>
<div class="scroll" tabindex="0"><table class="facts"><thead><tr><th scope="col">check</th><th scope="col">verdict</th><th scope="col">measured</th><th scope="col">passes if</th><th scope="col">source</th></tr></thead><tbody>${rows.map(tableRow)}</tbody></table></div></section>
${
  surfaces.length > 0 &&
  html`<section aria-labelledby="surfaces"><h2 id="surfaces">Loss around images</h2>
<p class="explain">Cross entropy around the first images: upwards along the loss's own gradient, sideways along a random direction of the same length; bright is high. The dashed frame is the edge of the ball, the cross the image. Where gradients can be trusted the loss rises smoothly upwards and hardly changes sideways.</p>
<div class="panels three">${surfaces.map(({ image, label, offsets, losses }) =>
    lossSurfaceMap({
      id: `surface-${image}`,
      title: `Image ${image}`,
      subtitle: record.classNames[label] ?? `class ${label}`,
      description: `Cross entropy around image ${image}, from twice epsilon against the gradient to twice epsilon along it.`,
      offsets,
      losses,
      format: (value) => value.toPrecision(3),
    }),
  )}</div></section>`
}
<footer>Written by reat; seed ${record.seeds.evaluation}, batches of ${record.batchSize}.</footer>
</main>
</body>
</html>
`}`;
}

/** Writes the page. @throws ReatError `disk` */
export async function writeAuditPage(file: string, record: AuditRecord): Promise<void> {
  makeFolder(dirname(file));
  await writeDurably(file, renderAudit(record), { shared: true });
}

function tableRow({ title, verdict, explanation, measured, threshold, source }: AuditRow): Markup {
  const figures = Object.entries(measured).map(([name, value]) => html`<br/>${name}: ${figure(value)}`);
  return html`<tr><th scope="row">${title}</th><td style="white-space:nowrap">${auditMarks[verdict]} ${verdict}</td><td>${explanation}${figures}</td><td>${threshold}</td><td>${source}</td></tr>`;
}

function figure(value: number): string {
  return String(Number(value.toFixed(4)));
}
