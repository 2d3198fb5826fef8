// What is said of a measurement whose examples were looked for through convolutions in tiles.

/** One sentence, without its full stop. */
export function tilesSentence({ unconfirmed }: { readonly unconfirmed: number }): string {
  const refused = `${unconfirmed} ${unconfirmed === 1 ? "was" : "were"} not confirmed and ${unconfirmed === 1 ? "does" : "do"} not count`;
  const confirmed = "the plain network confirmed each of them";
  return `examples were looked for through convolutions in tiles; ${unconfirmed === 0 ? confirmed : refused}`;
}
