// A network whose outputs are remembered, so that a loss can be taken again on them with other labels.
import { ReatError } from "../errors.js";
import type { ImageClassifier } from "../nn/index.js";
import type { Tensor } from "../tensor/index.js";

const passes = ["logits", "features", "classify"] as const;
type Pass = (typeof passes)[number];

/** See `recordOutputs`. */
export interface RecordedOutputs {
  /** Stands for the network; all but its passes is the network's own. */
  readonly model: ImageClassifier;
  /** From now on the passes give what they gave before, in the same order. */
  replay(): void;
}

/** @throws ReatError `usage` from a replayed pass that was not made before: a loss must make the same passes for any labels */
export function recordOutputs(network: ImageClassifier): RecordedOutputs {
  const calls: { readonly pass: Pass; readonly input: Tensor; readonly output: Tensor }[] = [];
  let next: number | null = null;

  function run(pass: Pass, input: Tensor): Tensor {
    if (next === null) {
      const output = network[pass](input);
      calls.push({ pass, input, output });
      return output;
    }
    const made = calls[next];
    next += 1;
    if (made?.pass === pass && made.input === input) return made.output;
    throw new ReatError(
      "usage",
      "A method's loss made other passes of the network for other labels; with mixed images its passes may depend on images alone.",
    );
  }

  const model = new Proxy(network, {
    get(target, property) {
      const pass = passes.find((name) => name === property);
      if (pass) return (input: Tensor) => run(pass, input);
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return {
    model,
    replay() {
      next = 0;
    },
  };
}
