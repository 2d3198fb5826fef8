// The base of all networks: named parameters, buffers and children, and the mode they run in.
import { ReatError } from "../errors.js";
import {
  callOperator,
  type Device,
  type DType,
  keep,
  type MemoryFormat,
  noGrad,
  type Tensor,
} from "../tensor/index.js";

/**
 * How a network runs. "train": batch normalisation uses the batch's statistics and moves its running ones; "eval": it
 * uses the running ones; "batch": it uses the batch's statistics and leaves the running ones untouched; "frozen": as
 * "eval", for as long as no parameter and no buffer changes, and without gradients of the parameters, so that what can be
 * computed once is computed once; "fast": as "frozen", with convolutions that may round more coarsely (float32's
 * rounding, three to six times over): good for the gradients that make examples, not for judging them.
 */
export type ModuleMode = "train" | "eval" | "batch" | "frozen" | "fast";

/** A part of a network. Names and their order are those of PyTorch's state dict. */
export abstract class Module {
  readonly #parameters = new Map<string, Tensor>();
  readonly #buffers = new Map<string, Tensor>();
  readonly #children = new Map<string, Module>();
  #mode: ModuleMode = "train";

  /** Registers a trained tensor, taken out of all scopes and recorded for `grad`. Returns it. */
  protected parameter(name: string, tensor: Tensor): Tensor {
    this.#parameters.set(name, keep(tensor).requiresGrad_());
    return tensor;
  }

  /** Registers a tensor that is saved but not trained, taken out of all scopes. Returns it. */
  protected buffer(name: string, tensor: Tensor): Tensor {
    this.#buffers.set(name, keep(tensor));
    return tensor;
  }

  /** Registers a part. Returns it. */
  protected child<M extends Module>(name: string, module: M): M {
    this.#children.set(name, module);
    return module;
  }

  /** Names of the direct parts, in the order they were registered. */
  protected get childNames(): string[] {
    return [...this.#children.keys()];
  }

  /** How this part runs; new ones are in "train". */
  get mode(): ModuleMode {
    return this.#mode;
  }

  /** Sets the mode of this part and all below it. */
  setMode(mode: ModuleMode): void {
    for (const module of this.#all()) module.#enter(mode);
  }

  /** Runs `body` in another mode and restores every part's own afterwards. */
  withMode<T>(mode: ModuleMode, body: () => T): T {
    const before = [...this.#all()].map((module) => [module, module.#mode] as const);
    this.setMode(mode);
    try {
      return body();
    } finally {
      for (const [module, own] of before) module.#enter(own);
    }
  }

  /** Whether no parameter and no buffer changes for now. */
  get isFrozen(): boolean {
    return isFrozen(this.#mode);
  }

  /** Called when modes "frozen" and "fast" end: what was computed once is no longer true. */
  protected thaw(): void {}

  #enter(mode: ModuleMode): void {
    if (isFrozen(this.#mode) && !isFrozen(mode)) this.thaw();
    this.#mode = mode;
  }

  /** Trained tensors by their path, such as "layer1.0.shortcut.0.weight". The tensors are the live ones. */
  namedParameters(): Map<string, Tensor> {
    return this.#collect((module) => [module.#parameters]);
  }

  /** Trained tensors in the order of `namedParameters`. */
  parameters(): Tensor[] {
    return [...this.namedParameters().values()];
  }

  /** Saved tensors that are not trained, by their path. */
  namedBuffers(): Map<string, Tensor> {
    return this.#collect((module) => [module.#buffers]);
  }

  /** Parameters and buffers in PyTorch's order. The tensors are the live ones: copy what must not change. */
  stateDict(): Map<string, Tensor> {
    return this.#collect((module) => [module.#parameters, module.#buffers]);
  }

  /**
   * Overwrites parameters and buffers; dtypes and devices stay those of this network.
   * @param called what an error calls an entry, where the state comes from a file with other names; default: its name here
   * @throws ReatError `checkpoint` naming the entries that are missing, unknown or of another shape; nothing is changed then
   */
  loadStateDict(state: ReadonlyMap<string, Tensor>, called: (name: string) => string = (name) => name): void {
    const own = this.stateDict();
    const problems: string[] = [];
    const missing = [...own.keys()].filter((name) => !state.has(name));
    const unexpected = [...state.keys()].filter((name) => !own.has(name));
    if (missing.length > 0) problems.push(`missing ${listed(missing.map(called))}`);
    if (unexpected.length > 0) problems.push(`unknown ${listed(unexpected.map(called))}`);
    const misshapen = [...own].flatMap(([name, { shape }]) => {
      const given = state.get(name)?.shape;
      return given && String(given) !== String(shape)
        ? [`${called(name)} is [${given}] where [${shape}] is needed`]
        : [];
    });
    if (misshapen.length > 0) problems.push(listed(misshapen));
    if (problems.length > 0) {
      throw new ReatError("checkpoint", `The state does not fit this network: ${problems.join("; ")}.`);
    }
    noGrad(() => {
      for (const [name, tensor] of own) tensor.copy_(state.get(name) as Tensor);
    });
  }

  /**
   * Moves everything to a device, or converts what is floating point to another dtype. The `Tensor` objects stay the
   * same, so that whoever holds a parameter (an optimiser, a layer) goes on holding it.
   */
  to(target: Device | DType): void {
    const isDevice = target === "cpu" || target.startsWith("cuda");
    noGrad(() => {
      for (const tensor of this.stateDict().values()) {
        if (!isDevice && !tensor.dtype.includes("float")) continue;
        using detached = tensor.detach();
        using moved = detached.to(target);
        callOperator("set_data", tensor, moved);
      }
    });
  }

  /**
   * Lays all convolution weights out in memory so that maps in that layout meet them as they are. The values stay, and so do
   * the `Tensor` objects.
   */
  layOutWeights(format: MemoryFormat): void {
    noGrad(() => {
      for (const tensor of this.parameters()) {
        if (tensor.ndim !== 4) continue;
        using detached = tensor.detach();
        using laidOut = detached.contiguous(format);
        callOperator("set_data", tensor, laidOut);
      }
    });
  }

  /** Frees all parameters and buffers; the network cannot be used afterwards. */
  dispose(): void {
    for (const tensor of this.stateDict().values()) tensor.dispose();
  }

  *#all(): Generator<Module> {
    yield this;
    for (const child of this.#children.values()) yield* child.#all();
  }

  #collect(
    own: (module: Module) => ReadonlyMap<string, Tensor>[],
    prefix = "",
    into = new Map<string, Tensor>(),
  ) {
    for (const tensors of own(this)) {
      for (const [name, tensor] of tensors) into.set(prefix + name, tensor);
    }
    for (const [name, child] of this.#children) child.#collect(own, `${prefix}${name}.`, into);
    return into;
  }
}

function isFrozen(mode: ModuleMode): boolean {
  return mode === "frozen" || mode === "fast";
}

/** A part with one tensor in and one tensor out. */
export abstract class Layer extends Module {
  /** Takes and gives maps [N, channels, height, width], or features [N, D] where the layer says so. */
  abstract forward(input: Tensor): Tensor;
}

function listed(items: readonly string[]): string {
  const more = items.length - 4;
  return items.slice(0, 4).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
