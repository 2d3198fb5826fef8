// Plain aligned columns for terminals: no frames, numbers to the right.
import Table from "cli-table3";

const nothing = "";
const boxCharacters = {
  top: nothing,
  "top-mid": nothing,
  "top-left": nothing,
  "top-right": nothing,
  bottom: nothing,
  "bottom-mid": nothing,
  "bottom-left": nothing,
  "bottom-right": nothing,
  left: nothing,
  "left-mid": nothing,
  mid: nothing,
  "mid-mid": nothing,
  right: nothing,
  "right-mid": nothing,
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
    chars: boxCharacters,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) drawn.push(row.map(String));
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
