// A run as it goes: loss, accuracy, learning rate and speed by optimiser step.
import { type LineChart, lineChart } from "../charts/index.js";
import { html, type Markup } from "../markup.js";
import { compact, count, percent } from "../numbers.js";

/** What the log tells of one optimiser step; null and NaN where it does not. */
export interface LoggedStep {
  readonly step: number;
  readonly loss: number | null;
  readonly adversarialAccuracy: number | null;
  readonly learningRate: number | null;
  readonly imagesPerSecond: number | null;
}

export function stepsSection(steps: readonly LoggedStep[]): Markup | false {
  if (steps.length < 2) return false;
  const draw = (
    id: string,
    title: string,
    subtitle: string,
    value: (step: LoggedStep) => number | null,
    form: Pick<LineChart, "format" | "axis"> & { readonly steps?: boolean },
  ) =>
    lineChart({
      ...{ id: `step-${id}`, title, subtitle, width: 372, height: 240, ...form },
      description: `${title} by optimiser step, ${subtitle}.`,
      series: [
        {
          label: title,
          colour: "var(--run-1)",
          points: steps.map((s) => ({ x: s.step, y: value(s) ?? Number.NaN })),
        },
      ],
      across: { kind: "linear", label: "optimiser step", name: (x) => `step ${count(x)}` },
    });
  const charts = [
    draw("loss", "Loss", "training batches", (s) => s.loss, { format: compact, axis: "data" }),
    draw("accuracy", "Accuracy", "adversarial training batches, %", (s) => s.adversarialAccuracy, {
      format: (v) => percent(v, 0),
      axis: "zero",
    }),
    draw("rate", "Learning rate", "linear", (s) => s.learningRate, {
      format: compact,
      axis: "zero",
      steps: true,
    }),
    draw("speed", "Speed", "images a second", (s) => s.imagesPerSecond, { format: compact, axis: "zero" }),
  ];
  return html`<section aria-labelledby="steps"><h2 id="steps">Step by step</h2><figure><div class="panels three">${charts}</div></figure></section>`;
}
