// Numbers that people write as fractions, such as a perturbation of 8/255.
import { z } from "zod";

const pattern =
  /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(?:\/\s*((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*)?$/i;

/** The value of "8/255", "0.031" or "1e-3"; `null` when the text is no such number or divides by zero. */
export function parseFraction(text: string): number | null {
  const match = pattern.exec(text);
  if (!match) return null;
  const value = Number(match[1]) / Number(match[2] ?? 1);
  return Number.isFinite(value) ? value : null;
}

/**
 * Writes multiples of 1/255 and of half of it as such ("8/255", "2.5/255"), and any other number, as well as halves that are
 * shorter so (0.5), in its shortest decimal form.
 */
export function formatFraction(value: number): string {
  const decimal = String(value);
  const levels = Math.round(value * 510) / 2;
  if (levels === 0 || Math.abs(value * 255 - levels) >= 1e-9 || Math.abs(levels) % 255 === 0) return decimal;
  const fraction = `${levels}/255`;
  return Number.isInteger(levels) || fraction.length < decimal.length ? fraction : decimal;
}

/** Limits of a `fraction`, both ends included unless `above` is used. */
export interface FractionRange {
  readonly min?: number;
  readonly max?: number;
  /** The value must be larger than this. */
  readonly above?: number;
}

function describe({ min, max, above }: FractionRange): string {
  const limits = [
    above === undefined ? null : `above ${above}`,
    min === undefined ? null : `from ${min}`,
    max === undefined ? null : `up to ${max}`,
  ].filter((limit) => limit !== null);
  return ["a number or a fraction such as 8/255", ...limits].join(" ");
}

/** A zod schema of a number within a range, given as a number or as text such as "8/255". */
export function fraction(range: FractionRange = {}) {
  const accepted = describe(range);
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE, above = Number.NEGATIVE_INFINITY } = range;
  return z
    .union([z.number(), z.string()], { error: (issue) => `expected ${accepted}, got ${show(issue.input)}` })
    .describe(accepted)
    .transform((given, context) => {
      const value = typeof given === "number" ? given : parseFraction(given);
      if (value !== null && value >= min && value <= max && value > above) return value;
      context.addIssue({ code: "custom", message: `expected ${accepted}, got ${show(given)}`, input: given });
      return z.NEVER;
    });
}

function show(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : `"${String(value)}"`;
}
