// Chooses cases by name.

/** A pattern that names no case; the message says what there is. */
export class UnknownCaseError extends Error {}

/**
 * The cases that match any of the patterns, in their own order; all where there is no pattern. A pattern is a part of a
 * name, with `*` for anything.
 * @throws UnknownCaseError for a pattern without a match
 */
export function selectCases<C extends { readonly name: string }>(
  cases: readonly C[],
  patterns: readonly string[],
): C[] {
  if (patterns.length === 0) return [...cases];
  const tests = patterns.map((pattern) => {
    const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
    const expression = new RegExp(escaped);
    if (!cases.some(({ name }) => expression.test(name))) {
      const names = [...new Set(cases.map(({ name }) => name.split("/")[0]))].join(", ");
      throw new UnknownCaseError(
        `No case matches "${pattern}": there are ${names} (npm run bench -- --list names all).`,
      );
    }
    return expression;
  });
  return cases.filter(({ name }) => tests.some((test) => test.test(name)));
}
