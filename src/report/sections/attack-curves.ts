// Robust accuracy against the number of attack steps and against the radius, the runs that were measured so in one chart.
import { formatFraction } from "../../fraction.js";
import { lineChart } from "../charts/index.js";
import { html, type Markup } from "../markup.js";
import { percent } from "../numbers.js";
import { type AttackCurve, attackCurves } from "../reading/index.js";
import { fileIn, legend, numbersTable, panels, type ShownRun } from "./parts.js";
import { attackTitle } from "./results.js";

interface ShownCurve {
  readonly run: ShownRun;
  readonly curve: AttackCurve;
}

export function attackCurvesSection(runs: readonly ShownRun[]): Markup | false {
  const curves = runs.flatMap((run) => attackCurves(run.record).map((curve) => ({ run, curve })));
  if (curves.length === 0) return false;
  const charts = new Map<string, ShownCurve[]>();
  for (const shown of curves) {
    const { against, attack, norm } = shown.curve;
    const key = JSON.stringify([against, attack, norm]);
    charts.set(key, [...(charts.get(key) ?? []), shown]);
  }
  return html`<section aria-labelledby="strength"><h2 id="strength">Against stronger attacks</h2><p class="explain">A sound model loses accuracy as the radius grows, down to nothing, and little once the steps suffice; a curve that rises is a sign of an attack that fails, not of robustness.</p>${[...charts.values()].map(figure)}</section>`;
}

function figure(shown: readonly ShownCurve[], index: number): Markup {
  const { against, attack, norm } = shown[0]!.curve;
  const steps = against === "steps";
  const unit = norm === "linf" ? 255 : 1;
  const label = ({ run, curve }: ShownCurve) => `${run.label}, ${curve.checkpoint}`;
  const images = [...new Set(shown.flatMap((s) => s.curve.points.map((p) => p.result.clean.total)))];
  const name = (x: number) => (steps ? `${x} steps` : `ε = ${formatFraction(x)}`);
  const chart = lineChart({
    id: `strength-${index}`,
    title: steps ? "Robust accuracy against the number of steps" : "Robust accuracy against ε",
    subtitle: `${attackTitle(attack)}, % of ${images.join(" or ")} images`,
    description: shown.map((s) => `${label(s)}: ${describe(s.curve)}`).join("; "),
    series: shown.map((s) => ({
      label: label(s),
      colour: s.run.colour,
      dash:
        s.curve.checkpoint === "last" && shown.some((o) => o.run === s.run && o !== s) ? "dashed" : "solid",
      points: s.curve.points.map(({ x, result }) => ({ x: steps ? x : x * unit, y: result.robust.accuracy })),
    })),
    format: (v) => percent(v, 0),
    axis: "zero",
    across: {
      kind: steps ? "log" : "linear",
      label: steps ? "steps, logarithmic" : norm === "linf" ? "ε in 255ths" : `ε (${norm})`,
      name: (x) => name(steps ? x : x / unit),
    },
  });
  const rows = shown.flatMap((s) =>
    s.curve.points.map(({ x, result }) => [
      label(s),
      name(x),
      percent(result.robust.accuracy),
      ...(["head", "body", "tail"] as const).map((group) => percent(result.robust.groups[group])),
      percent(result.robust.balanced),
      fileIn(s.run, result.file),
    ]),
  );
  const keys = shown.map((s) => ({ label: label(s), colour: s.run.colour, kind: "line" as const }));
  return html`<figure>${legend(keys)}${panels([chart])}${numbersTable(`${attackTitle(attack)}, %`, ["run", steps ? "steps" : "radius", "all", "head", "body", "tail", "balanced", "file"], rows, null)}</figure>`;
}

function describe({ points, against }: AttackCurve): string {
  const at = (x: number) => (against === "steps" ? `${x} steps` : `ε = ${formatFraction(x)}`);
  const [first, last] = [points[0]!, points.at(-1)!];
  return `${percent(first.result.robust.accuracy)} % at ${at(first.x)}, ${percent(last.result.robust.accuracy)} % at ${at(last.x)}`;
}
