// The floors of the house, from the ground up: the test of imports and the drawing in the docs both follow this list.

/** A folder imports from floors above it in this list, and from none beside or below it. */
export const floors: readonly (readonly string[])[] = [
  ["tensor", "pickle", "archives"],
  ["nn", "optim", "data"],
  ["losses", "attacks"],
  ["methods", "evaluation"],
  ["training", "analysis"],
  ["weights", "export"],
  ["experiments", "doctor"],
  ["report"],
  ["server"],
  ["cli"],
];
