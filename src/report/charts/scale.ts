// Maps data values to positions, and chooses the round numbers an axis shows.

export interface Scale {
  /** Position of a value on the paper. */
  (value: number): number;
  readonly ticks: readonly number[];
  readonly domain: readonly [number, number];
}

/**
 * A linear scale over `domain`, its ends moved out to round numbers.
 * @param wanted about how many ticks to show
 */
export function linearScale(
  domain: readonly [number, number],
  range: readonly [number, number],
  wanted = 5,
): Scale {
  const [low, high] = domain[0] === domain[1] ? widen(domain[0]) : domain;
  const step = roundStep((high - low) / wanted);
  // Counting in steps keeps ticks free of accumulated rounding (0.30000000000000004).
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => tidy((first + i) * step));
  return scale([ticks[0]!, ticks.at(-1)!], range, (v) => v, ticks);
}

/** A base-10 logarithmic scale over a positive domain; ticks at 1, 2 and 5 where few decades are covered. */
export function logScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [first, last] = [Math.floor(Math.log10(domain[0])) - 1, Math.ceil(Math.log10(domain[1])) + 1];
  const marks = Array.from({ length: last - first + 1 }, (_, i) => first + i).flatMap((decade) =>
    [1, 2, 5].map((factor) => tidy(factor * 10 ** decade)),
  );
  const low = marks.findLastIndex((mark) => mark <= domain[0] * (1 + 1e-9));
  const high = Math.max(
    low + 1,
    marks.findIndex((mark) => mark >= domain[1] * (1 - 1e-9)),
  );
  const within = marks.slice(low, high + 1);
  const ticks =
    within.length <= 8 ? within : within.filter((mark) => Number.isInteger(tidy(Math.log10(mark))));
  return scale([marks[low]!, marks[high]!], range, Math.log10, ticks);
}

/** Ticks of an axis that counts epochs: whole numbers, the first and the last always among them. */
export function epochTicks(last: number, wanted = 6): number[] {
  if (last <= 1) return [1];
  const step = Math.max(1, roundStep(last / wanted));
  const ticks = [1];
  for (let at = step; at < last; at += step) if (at > 1 && last - at >= step / 2) ticks.push(at);
  return [...ticks.filter((t, i) => i === 0 || t - 1 >= step / 2), last];
}

function scale(
  domain: [number, number],
  range: readonly [number, number],
  shape: (v: number) => number,
  ticks: readonly number[],
): Scale {
  const from = shape(domain[0]);
  const span = shape(domain[1]) - from;
  const position = (value: number) => range[0] + ((shape(value) - from) / span) * (range[1] - range[0]);
  return Object.assign(position, { ticks, domain });
}

function widen(value: number): [number, number] {
  const by = value === 0 ? 1 : Math.abs(value) / 2;
  return [value - by, value + by];
}

function roundStep(rough: number): number {
  const decade = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((f) => rough <= f * decade * (1 + 1e-9)) ?? 10;
  return factor * decade;
}

function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
