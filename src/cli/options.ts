// Option values: read from text, refused in one sentence where they are of the wrong kind.
import { InvalidArgumentError } from "commander";
import { parseFraction } from "../fraction.js";

/** A parser of whole numbers of at least `smallest`. */
export function wholeNumber(smallest: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < smallest) {
      throw new InvalidArgumentError(`It takes a whole number of at least ${smallest}.`);
    }
    return value;
  };
}

/** A number of at least 1, such as an unbalanced ratio. */
export function ratio(text: string): number {
  const value = Number(text);
  if (!(value >= 1 && Number.isFinite(value))) {
    throw new InvalidArgumentError("It takes a number of at least 1.");
  }
  return value;
}

/** A number above 0, such as a tolerance. */
export function positive(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && Number.isFinite(value))) {
    throw new InvalidArgumentError("It takes a number above 0.");
  }
  return value;
}

/** Collects an option that may be given again. */
export function collect(text: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** "pgd-20,cw-20" → both names. */
export function commaList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** "0.4914,0.4822,0.4465" → three numbers, for red, green and blue. */
export function threeNumbers(text: string): number[] {
  const numbers = commaList(text).map(Number);
  if (numbers.length !== 3 || !numbers.every(Number.isFinite)) {
    throw new InvalidArgumentError("It takes three numbers, for red, green and blue, separated by commas.");
  }
  return numbers;
}

/** "8/255" or "0.03" → the number, at least 0. */
export function fractionOption(text: string): number {
  const value = parseFraction(text);
  if (value === null || value < 0) {
    throw new InvalidArgumentError("It takes a number of at least 0, or a fraction such as 8/255.");
  }
  return value;
}

/** "0,2/255,4/255" → the numbers, each at least 0. */
export function fractionList(text: string): number[] {
  return several(text).map(fractionOption);
}

/** "1,2,5,10" → whole numbers of at least 1. */
export function wholeNumberList(text: string): number[] {
  return several(text).map(wholeNumber(1));
}

function several(text: string): string[] {
  const parts = commaList(text);
  if (parts.length === 0) throw new InvalidArgumentError("It takes one value at least.");
  return parts;
}
