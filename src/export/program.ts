// What a network computes, recorded: the operators that lead from images to logits, with the weights they use.
import { ReatError } from "../errors.js";
import type { ImageClassifier } from "../nn/index.js";
import { noGrad, type RecordedCall, recordOperators, scope, Tensor, zeros } from "../tensor/index.js";
import { type StoredTensor, storeTensor } from "../training/index.js";

/** Stands for a value of the program: its input, a constant, or what a step computed. */
export class Reference {
  constructor(readonly name: string) {}
}

/** What a step's operator takes, in the order of LibTorch's schema; `undefined` is the schema's default. */
export type ProgramArgument =
  | Reference
  | number
  | boolean
  | string
  | null
  | undefined
  | readonly (Reference | number | boolean | null)[];

/** One operator: LibTorch's name with its overload, such as "add.Tensor", never one that works in place. */
export interface ProgramStep {
  readonly operator: string;
  readonly args: readonly ProgramArgument[];
  readonly output: string;
}

/** A straight line of steps from the value `images` to the value `logits`. */
export interface Program {
  readonly architecture: string;
  readonly steps: readonly ProgramStep[];
  /** Weights under their names in the network's state dict, and other constants as "constant.0", … */
  readonly constants: ReadonlyMap<string, StoredTensor>;
  /** Of every value, for a batch of `sampleBatch` images. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/** Images in the recorded batch: a size that no channel count has, so that a batch size is told from other sizes. */
export const sampleBatch = 2;

/** Calls that change the memory layout of values but not the values. */
const withoutEffect = new Set(["contiguous", "detach", "alias"]);

/**
 * Records a network in inference, with its running statistics, as the operators that its modules call.
 * @param size height and width of the images
 * @throws ReatError `config` where the network refuses images of this size
 */
export function recordProgram(
  model: ImageClassifier,
  size: { readonly height: number; readonly width: number },
): Program {
  const recording = new Recording(model);
  const device = model.parameters()[0]!.device;
  scope(() =>
    noGrad(() =>
      model.withMode("eval", () => {
        const images = zeros([sampleBatch, 3, size.height, size.width], { device });
        recording.begin(images);
        const logits = recordOperators(
          (call) => recording.add(call),
          () => model.logits(images),
        );
        recording.end(logits);
      }),
    ),
  );
  return recording.program();
}

class Recording {
  readonly #architecture: string;
  readonly #weights: Map<Tensor, string>;
  readonly #values = new Map<unknown, string>();
  readonly #constants = new Map<string, StoredTensor>();
  readonly #constantNames = new Map<Tensor, string>();
  readonly #shapes = new Map<string, readonly number[]>();
  #steps: ProgramStep[] = [];

  constructor(model: ImageClassifier) {
    this.#architecture = model.architecture;
    // What stands around a network (normalisation, a correction of its logits) calls it "network".
    this.#weights = new Map(
      [...model.stateDict()].map(([name, tensor]) => [tensor, name.replace(/^(network\.)+/, "")]),
    );
  }

  begin(images: Tensor): void {
    this.#values.set(images, "images");
    this.#shapes.set("images", images.shape);
  }

  add({ name, args, result }: RecordedCall): void {
    // A value that does not depend on the images is a constant, stored where a step uses it.
    if (!args.some((arg) => this.#depends(arg))) return;
    const operator = name.replace(/_(?=\.|$)/, "");
    if (withoutEffect.has(operator)) {
      this.#values.set(result, this.#values.get(args[0])!);
      return;
    }
    if (!(result instanceof Tensor)) {
      throw new ReatError(
        "config",
        `The network ${this.#architecture} cannot be exported: its operator ${name} has several results.`,
      );
    }
    const output = `${operator.split(".")[0]!.replace("linalg_vector_", "")}.${this.#steps.length}`;
    const taken = args.map((arg) => this.#argument(arg));
    while (taken.length > 0 && taken.at(-1) === undefined) taken.pop();
    this.#steps.push({ operator, args: taken, output });
    this.#values.set(result, output);
    this.#shapes.set(output, result.shape);
  }

  end(logits: Tensor): void {
    const last = this.#values.get(logits);
    if (last === undefined) throw new Error("the logits do not depend on the images");
    const renamed = (name: string) => (name === last ? "logits" : name);
    this.#steps = this.#steps.map(({ operator, args, output }) => ({
      operator,
      args: args.map((arg) => (arg instanceof Reference ? new Reference(renamed(arg.name)) : arg)),
      output: renamed(output),
    }));
    this.#shapes.set("logits", this.#shapes.get(last)!);
  }

  program(): Program {
    return {
      architecture: this.#architecture,
      steps: this.#steps,
      constants: this.#constants,
      shapes: this.#shapes,
    };
  }

  #depends(arg: unknown): boolean {
    return Array.isArray(arg) ? arg.some((inside) => this.#depends(inside)) : this.#values.has(arg);
  }

  #argument(arg: RecordedCall["args"][number]): ProgramArgument {
    if (arg instanceof Tensor) return new Reference(this.#values.get(arg) ?? this.#constant(arg));
    if (Array.isArray(arg)) return arg.map((inside) => this.#argument(inside) as Reference | number);
    return arg as ProgramArgument;
  }

  #constant(tensor: Tensor): string {
    const known = this.#weights.get(tensor) ?? this.#constantNames.get(tensor);
    const name = known ?? `constant.${this.#constantNames.size}`;
    if (known === undefined) this.#constantNames.set(tensor, name);
    if (!this.#constants.has(name)) {
      this.#constants.set(name, storeTensor(tensor));
      this.#shapes.set(name, tensor.shape);
    }
    return name;
  }
}
