// Every method needs images of every class, and says so in the same words.
import { ReatError } from "../errors.js";

/** The most classes that are named; further ones are only counted. */
const mostNamed = 8;

/**
 * @param counts training images of each class
 * @param names of the classes, where they are known
 * @throws ReatError `data` naming the classes without images
 */
export function requireTrainingImages(counts: readonly number[], names?: readonly string[]): void {
  const empty = counts.flatMap((count, label) =>
    count === 0 ? [names ? `"${names[label]}"` : String(label)] : [],
  );
  if (empty.length === 0) return;
  const listed = empty.slice(0, mostNamed).join(", ");
  const more = empty.length > mostNamed ? ` and ${empty.length - mostNamed} more` : "";
  const [classes, have] = empty.length === 1 ? ["class", "has"] : ["classes", "have"];
  throw new ReatError(
    "data",
    `The ${classes} ${listed}${more} ${have} no training images, and a class that is never seen cannot be learned or weighted against the others: add images, or take it out of the data.`,
  );
}
