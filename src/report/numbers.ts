// How the report writes numbers: fractions as percentages, durations, missing values.

export const missing = "–";

/** A fraction as a percentage with one decimal, without the sign: 0.2731 → "27.3". */
export function percent(fraction: number | null | undefined, digits = 1): string {
  if (fraction === null || fraction === undefined || !Number.isFinite(fraction)) return missing;
  return (100 * fraction).toFixed(digits);
}

/** A difference of fractions in percentage points, with its sign: −0.012 → "−1.2". */
export function points(difference: number | null | undefined): string {
  if (difference === null || difference === undefined || !Number.isFinite(difference)) return missing;
  const text = (100 * Math.abs(difference)).toFixed(1);
  if (text === "0.0") return "0.0";
  return difference < 0 ? `−${text}` : `+${text}`;
}

/** About three significant digits, no exponent where a plain number reads better. */
export function compact(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-4 || size >= 1e7)) {
    const [mantissa, exponent] = value.toExponential(1).split("e") as [string, string];
    return `${mantissa.replace(/\.0$/, "")}e${Number(exponent)}`;
  }
  return String(Number(value.toPrecision(size >= 1000 ? 5 : 3)));
}

/** A whole number with thousands set apart by a narrow space, as in print. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** Seconds as "48 s", "12 min", "3 h 05 min". */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}
