// What of a value that was read first does not fit its schema, in words for whoever has the file.
import type { z } from "zod";

/** "robust.groups.tail is missing", "epoch: Invalid input: expected number, received string": the place where there is one. */
export function firstMisfit({ issues }: z.ZodError): string {
  const { path, message } = issues[0]!;
  const place = path.join(".");
  if (/received undefined$/.test(message)) return `${place === "" ? "it" : place} is missing`;
  return place === "" ? message : `${place}: ${message}`;
}
