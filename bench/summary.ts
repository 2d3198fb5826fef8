// The table of a benchmark run.
import { table } from "#reat/cli/table.js";
import type { BenchRecord, MeasuredCase } from "./record.js";
import type { Spread } from "./statistics.js";

/** Seconds in a suitable unit: "1.93 s", "12.4 ms", "830 µs". */
export function duration(seconds: number): string {
  const [factor, unit] = seconds >= 1 ? [1, "s"] : seconds >= 1e-3 ? [1e3, "ms"] : [1e6, "µs"];
  return `${Number((seconds * factor).toPrecision(3))} ${unit}`;
}

/** "1.93 s (1.90–2.01)": the median and the quartiles around it, all in the median's unit. */
export function durations({ median, lowerQuartile, upperQuartile }: Spread): string {
  const unit = duration(median).split(" ")[1]!;
  const factor = { s: 1, ms: 1e3, µs: 1e6 }[unit] ?? 1;
  const show = (seconds: number) => Number((seconds * factor).toPrecision(3));
  return `${show(median)} ${unit} (${show(lowerQuartile)}–${show(upperQuartile)})`;
}

/** "1.62 (1.60–1.63)" */
export function ratio({ median, lowerQuartile, upperQuartile }: Spread): string {
  return `${median.toFixed(2)} (${lowerQuartile.toFixed(2)}–${upperQuartile.toFixed(2)})`;
}

/** "0.95 ✓", together with the target; "not measured here", where this machine cannot. */
export function verdict({ targets }: Pick<MeasuredCase, "targets">): string {
  return targets
    .map(({ text, measured, met }) =>
      measured === null
        ? `not measured here: ${text}`
        : `${Number(measured.toPrecision(3))} ${met ? "✓" : "✗"} ${text}`,
    )
    .join("; ");
}

export function summary({ cases, skipped }: Pick<BenchRecord, "cases" | "skipped">): string {
  const rows = cases.map((measured) => [
    measured.name,
    durations(measured.ours.spread),
    measured.baseline ? `${durations(measured.baseline.spread)} ${measured.baseline.label}` : "",
    measured.ratio ? ratio(measured.ratio) : "",
    verdict(measured),
  ]);
  const header = ["case", "median (quartiles)", "baseline", "baseline / ours", "targets"];
  const notes = skipped.map(({ name, reason }) => `${name} is skipped: ${reason}.`);
  return [...(rows.length > 0 ? [table(header, rows, ["case", "targets"])] : []), ...notes].join("\n");
}
