// Plain aligned columns for terminals: no frames, numbers to the right.
import Table from "cli-table3";

const NOTHING = "";
const CHARS = {
  top: NOTHING,
  "top-mid": NOTHING,
  "top-left": NOTHING,
  "top-right": NOTHING,
  bottom: NOTHING,
  "bottom-mid": NOTHING,
  "bottom-left": NOTHING,
  "bottom-right": NOTHING,
  left: NOTHING,
  "left-mid": NOTHING,
  mid: NOTHING,
  "mid-mid": NOTHING,
  right: NOTHING,
  "right-mid": NOTHING,
  middle: "  ",
};

/** Aligns rows under a header; columns whose names are in `left` to the left, all others to the right. */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  left: readonly string[] = [header[0]!],
): string {
  const drawn = new Table({
    head: [...header],
    colAligns: header.map((name) => (left.includes(name) ? "left" : "right")),
    chars: CHARS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) drawn.push(row.map(String));
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
