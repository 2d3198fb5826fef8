// The first misfit is named by its place; what is absent is called missing.
import { expect, it } from "vitest";
import { z } from "zod";
import { firstMisfit } from "../src/schema-misfit.js";

const schema = z.object({ epoch: z.int(), groups: z.object({ tail: z.number() }) });

it.each([
  [{ epoch: 1, groups: {} }, "groups.tail is missing"],
  [undefined, "it is missing"],
  [{ epoch: "x", groups: { tail: 1 } }, /^epoch: .*expected number, received string$/],
  [3, /expected object, received number$/],
])("%j: %s", (value, said) => {
  const { error } = schema.safeParse(value);
  expect(firstMisfit(error!)).toEqual(typeof said === "string" ? said : expect.stringMatching(said));
});
