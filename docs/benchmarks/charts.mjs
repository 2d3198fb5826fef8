// Draws a quantity against another on two logarithmic axes, from the report's chart parts.
import { bottomAxis, chart, valueAxis } from "../../dist/report/charts/drawing.js";
import { logScale } from "../../dist/report/charts/scale.js";
import { coordinate, html } from "../../dist/report/markup.js";
import { runColour } from "../../dist/report/palette.js";
import { styleSheet } from "../../dist/report/styles.js";

const [width, height] = [560, 320];
const box = { width, height, left: 58, right: width - 172, top: 46, bottom: height - 42 };

const shown = (seconds) =>
  seconds >= 1
    ? `${seconds} s`
    : seconds >= 1e-3
      ? `${+(seconds * 1e3).toPrecision(3)} ms`
      : `${+(seconds * 1e6).toPrecision(3)} µs`;

/**
 * A stand-alone SVG: lines of points `{ x, y, low, high }`, y in seconds, with their quartiles as bars.
 * @param slope draws a thin line from the first line's first point that grows as x does
 */
export function sweepChart({ id, title, subtitle, axis, lines }) {
  const points = lines.flatMap((line) => line.points);
  const xs = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const inset = [box.left + 8, box.right - 8];
  const [first, last] = [xs[0], xs.at(-1)];
  const x = (value) =>
    first === last
      ? (inset[0] + inset[1]) / 2
      : inset[0] + (Math.log(value / first) / Math.log(last / first)) * (inset[1] - inset[0]);
  const y = logScale(
    [Math.min(...points.map((p) => p.low)), Math.max(...points.map((p) => p.high))],
    [box.bottom, box.top],
  );
  const drawn = lines.map(({ label, points }, i) => {
    const path = points.map((p, k) => `${k ? "L" : "M"}${coordinate(x(p.x))} ${coordinate(y(p.y))}`).join("");
    const end = points.at(-1);
    return html`<g style="stroke:${runColour(i)};fill:${runColour(i)}"><path class="line" d="${path}"/>${points.map(
      (p) =>
        html`<line class="cap" x1="${coordinate(x(p.x))}" x2="${coordinate(x(p.x))}" y1="${coordinate(y(p.low))}" y2="${coordinate(y(p.high))}"/><circle class="dot" cx="${coordinate(x(p.x))}" cy="${coordinate(y(p.y))}" r="2.6"><title>${label}, ${axis} ${p.x}: ${shown(+p.y.toPrecision(3))}</title></circle>`,
    )}</g><text class="label" x="${coordinate(x(end.x) + 10)}" y="${coordinate(y(end.y) + 4)}">${label}</text>`;
  });
  const texts = {
    id,
    title,
    subtitle,
    description: `${title}: ${lines.map((line) => line.label).join(", ")}.`,
  };
  const { text } = chart(texts, box, [valueAxis(box, y, shown), bottomAxis(box, x, xs, axis), ...drawn]);
  return standAlone(text);
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
