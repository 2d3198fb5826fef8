// The names of tests that not every machine can run: where one cannot, its name says what is missing.

/** @returns `name`, with the reason behind it unless what the test needs `isHere` */
export function needing(isHere: boolean, name: string, lacking: string): string {
  return isHere ? name : `${name} (skipped: ${lacking})`;
}
