// Shows long work on data on the status line.
import type { Progress } from "../data/index.js";
import { bar, StatusLine } from "./status-line.js";
import { bytes, duration } from "./terminal.js";

const doing = {
  read: "reading",
  decode: "decoding images",
  write: "writing",
  download: "downloading",
  verify: "verifying",
} as const;

/** A listener that draws, and the line to clear when the work is over. */
export function dataProgress(): { progress: Progress; line: StatusLine } {
  const line = new StatusLine();
  const progress: Progress = ({ stage, done, total, unit, seconds = 0, rate = 0 }) => {
    const amount = (count: number) => (unit === "bytes" ? bytes(count) : `${Math.round(count)} ${unit}`);
    const of = total === undefined ? amount(done) : `${amount(done)} of ${amount(total)}`;
    const left =
      total !== undefined && rate > 0 && seconds > 1 ? `, ${duration((total - done) / rate)} left` : "";
    const drawing = total ? `${bar(done / total, 20)} ` : "";
    line.show(`${doing[stage]} ${drawing}${of}, ${amount(rate)}/s${left}`);
  };
  return { progress, line };
}
