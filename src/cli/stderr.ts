// Progress and notes: nothing depends on them, so what their writing meets must not end the work.

/** Writes to stderr as it is. */
export function writeNote(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    // A full disk, or a terminal that was closed.
  }
}
