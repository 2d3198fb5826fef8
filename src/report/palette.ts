// The report's colours: runs from Okabe and Ito's colour-blind safe set, classes along matplotlib's viridis.

/** Runs in order; past the eighth the colours repeat. Light pages get the darker of each pair. */
const runColours: readonly { light: string; dark: string }[] = [
  { light: "#d55e00", dark: "#f08c4a" },
  { light: "#0072b2", dark: "#56b4e9" },
  { light: "#009e73", dark: "#3fcf9f" },
  { light: "#b0568c", dark: "#e092bf" },
  { light: "#b07d00", dark: "#f0b429" },
  { light: "#5b4bc4", dark: "#a79bff" },
  { light: "#6b6f76", dark: "#b4b9c2" },
  { light: "#8a5a2b", dark: "#cf9f6e" },
];

const viridisColours = [
  [68, 1, 84],
  [72, 40, 120],
  [62, 73, 137],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
] as const;

/** Steps that viridis is cut into: more cannot be told apart. */
const classSteps = 64;

export function runColour(index: number): string {
  return `var(--run-${index % runColours.length})`;
}

/** Colour of the class of a rank (0 the largest class): dark for the head, bright for the tail. */
export function classColour(rank: number, classes: number): string {
  const along = classes <= 1 ? 0 : rank / (classes - 1);
  return `var(--class-${Math.round(along * (classSteps - 1))})`;
}

/** CSS declarations of every colour for a light or a dark page; both ends of viridis stay apart from the paper. */
export function paletteVariables(theme: "light" | "dark"): string {
  const [from, to] = theme === "light" ? [0.02, 0.93] : [0.14, 1];
  const runs = runColours.map((pair, i) => `--run-${i}:${pair[theme]}`);
  const classes = Array.from({ length: classSteps }, (_, i) => {
    return `--class-${i}:${viridis(from + ((to - from) * i) / (classSteps - 1))}`;
  });
  return [...runs, ...classes].join(";");
}

function viridis(at: number): string {
  const position = at * (viridisColours.length - 1);
  const index = Math.min(viridisColours.length - 2, Math.floor(position));
  const mix = position - index;
  const channels = viridisColours[index]!.map((c, i) =>
    Math.round(c + (viridisColours[index + 1]![i]! - c) * mix),
  );
  return `#${channels.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
}
