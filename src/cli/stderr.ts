// Progress and notes: nothing depends on them, so a failure to write them must not end the work.

/** Writes to stderr as it is. */
export function writeNote(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    // A full disk, or a terminal that was closed.
  }
}
