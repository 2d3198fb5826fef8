// Values out of strangers' files as text: one that calls something "toString" has no text of its own.

/** As `String` does, an object as JSON. */
export function plainText(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
