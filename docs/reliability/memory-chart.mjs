// Draws what a soak's process held over its rounds, from the report's chart parts.
import { lineChart } from "../../dist/report/charts/index.js";
import { runColour } from "../../dist/report/palette.js";
import { styleSheet } from "../../dist/report/styles.js";

const [width, height] = [640, 300];
const mebibyte = 2 ** 20;

/** A stand-alone SVG. */
export function memoryChart({ rounds, samples }) {
  const lines = [
    ["resident", "residentBytes"],
    ["kept", "keptBytes"],
    ["heap", "heapBytes"],
  ];
  const { text } = lineChart({
    id: "soak",
    title: `Memory over ${rounds.toLocaleString("en")} trainings and evaluations in one process`,
    subtitle: `MiB; live tensors after each: ${tensorsOf(samples)}`,
    description: "Resident memory, memory kept of freed tensors, and JavaScript's heap, over the rounds.",
    series: lines.map(([label, key], i) => ({
      ...{ label, endLabel: label, colour: runColour(i) },
      points: samples.map((sample) => ({ x: sample.round, y: sample[key] / mebibyte })),
    })),
    format: (value) => `${Math.round(value)}`,
    axis: "zero",
    across: { kind: "linear", label: "round", name: (x) => `round ${x}` },
    ...{ width, height },
  });
  return standAlone(text);
}

function tensorsOf(samples) {
  const counts = samples.map(({ liveTensors }) => liveTensors);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? String(least) : `${least} to ${most}`;
}

// A chart stands alone once it carries the page's style sheet, in its light form.
function standAlone(svg) {
  const style = styleSheet().replace(/@media \(prefers-color-scheme:dark\)\{:root\{.*?\}\}/s, "");
  const opened = svg.replace(
    '<svg class="chart"',
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="${width}" height="${height}"`,
  );
  return `${opened.replace(/>/, `><style>${style}svg{font-family:system-ui,"Liberation Sans",sans-serif}</style><rect width="100%" height="100%" fill="var(--paper)"/>`)}\n`;
}
