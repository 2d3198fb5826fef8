// The generator of the reference inputs against the values that the manifest lists.
import { expect, it } from "vitest";
import { describeGolden, uniforms } from "./generator.js";

interface Manifest {
  readonly generator: { readonly first8: Record<string, number[]> };
}

describeGolden<Manifest>("manifest.json", ({ generator }) => {
  it.each(Object.entries(generator.first8))("stream with seed %s", (seed, first8) => {
    expect(Array.from(uniforms(Number(seed), 8))).toEqual(first8);
  });
});
