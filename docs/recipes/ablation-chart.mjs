// Draws by how much each arm of an ablation differs from its base: a panel for each group of classes, a row for each arm.
import { chart } from "../../dist/report/charts/drawing.js";
import { linearScale } from "../../dist/report/charts/scale.js";
import { coordinate, html } from "../../dist/report/markup.js";
import { runColour } from "../../dist/report/palette.js";
import { styleSheet } from "../../dist/report/styles.js";
import { standaloneCharts } from "../results/standalone-charts.mjs";

const [labelWidth, panelWidth, gap, top, rowHeight] = [150, 170, 42, 92, 38];

/**
 * A stand-alone SVG.
 * @param rows `{ title, differences }`, with a difference `{ label, panel, mean, low, high, told }` in points for each mark;
 *   low and high are the ends of its interval, told whether it leaves 0 out
 * @param panels the panels' titles, from left to right
 */
export function ablationChart({ id, title, subtitle, panels, rows }) {
  const marks = rows.flatMap(({ differences }) => differences);
  const labels = [...new Set(marks.map(({ label }) => label))];
  const reach = Math.max(...marks.map(({ mean }) => Math.abs(mean)), 1) * 1.1;
  const width = labelWidth + panels.length * (panelWidth + gap);
  const bottom = top + rows.length * rowHeight;
  const columns = panels.map((panel, i) => {
    const left = labelWidth + i * (panelWidth + gap);
    const x = linearScale([-reach, reach], [left, left + panelWidth], 4);
    return { panel, left, x };
  });
  const drawnPanels = columns.map(
    ({ panel, left, x }) =>
      html`<g class="axis" aria-hidden="true"><text class="label" x="${left + panelWidth / 2}" y="${top - 12}" text-anchor="middle">${panel}</text>${x.ticks.map(
        (tick) =>
          html`<line class="${tick === 0 ? "base" : "grid"}" x1="${coordinate(x(tick))}" x2="${coordinate(x(tick))}" y1="${top}" y2="${bottom}"/><text class="tick" x="${coordinate(x(tick))}" y="${bottom + 17}" text-anchor="middle">${tick > 0 ? `+${tick}` : tick < 0 ? `−${-tick}` : tick}</text>`,
      )}</g>`,
  );
  const drawnRows = rows.map(({ title: name, differences }, k) => {
    const middle = top + (k + 0.5) * rowHeight;
    return html`<text class="label" x="${labelWidth - 16}" y="${middle + 4}" text-anchor="end">${name}</text>${differences.map(
      ({ label, panel, mean, low, high, told }) => {
        const { left, x } = columns.find((column) => column.panel === panel);
        const i = labels.indexOf(label);
        const y = coordinate(middle + (i - (labels.length - 1) / 2) * 11);
        // An interval that is longer than the panel ends at its edge.
        const [from, to] = [Math.max(left, x(low)), Math.min(left + panelWidth, x(high))].map(coordinate);
        return html`<g style="stroke:${runColour(i)}"><line class="cap" x1="${from}" x2="${to}" y1="${y}" y2="${y}"/><circle cx="${coordinate(x(mean))}" cy="${y}" r="3.8" stroke-width="1.6" style="fill:${told ? runColour(i) : "var(--paper)"}"><title>${name}, ${label}, ${panel}: ${mean.toFixed(1)} points, 95 % interval ${low.toFixed(1)} to ${high.toFixed(1)}</title></circle></g>`;
      },
    )}`;
  });
  const legend = labels.map(
    (label, i) =>
      html`<g style="stroke:${runColour(i)}"><circle cx="${labelWidth + 6 + i * 110}" cy="54" r="3.8" style="fill:${runColour(i)}"/></g><text class="label" x="${labelWidth + 16 + i * 110}" y="58">${label}</text>`,
  );
  const texts = { id, title, subtitle, description: `${title}: ${rows.map((row) => row.title).join(", ")}.` };
  const { text } = chart(texts, { width, height: bottom + 30 }, [...legend, ...drawnPanels, ...drawnRows]);
  const [{ svg }] = standaloneCharts(`<style>${styleSheet()}</style>${text}`);
  return svg;
}
