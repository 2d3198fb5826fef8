// A graph of ONNX operators while it is being built: nodes, constants, and the shapes that rules need to know.
import type { StoredTensor } from "../../training/index.js";

/** Attributes of a node: whole numbers, lists of them, or one number with a point. */
export type OnnxAttributes = Readonly<
  Record<string, number | readonly number[] | { readonly float: number }>
>;

export interface OnnxNode {
  readonly operator: string;
  /** Names of values; "" for an input that is left out. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: OnnxAttributes;
}

/** Nodes in the order in which they can be computed. */
export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly constants = new Map<string, StoredTensor>();
  readonly #shapes: Map<string, readonly number[]>;

  /** @param shapes of values that nodes will be given the names of, for a batch of two images */
  constructor(shapes: ReadonlyMap<string, readonly number[]> = new Map()) {
    this.#shapes = new Map(shapes);
  }

  /** Appends a node. @returns the name of its output, made up where none is given */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: OnnxAttributes = {},
    // Steps of a program are called "mul.10".
    output = `made.${operator.toLowerCase()}.${this.nodes.length}`,
  ): string {
    this.nodes.push({ operator, inputs, output, attributes });
    return output;
  }

  /** @throws Error where it is not known */
  shape(name: string): readonly number[] {
    const shape = this.#shapes.get(name);
    if (!shape) throw new Error(`the shape of ${name} is not known`);
    return shape;
  }

  /** Appends a node whose output's shape, for two images, rules for gradients can ask for. @returns the name of its output */
  addShaped(
    shape: readonly number[],
    operator: string,
    inputs: readonly string[],
    attributes: OnnxAttributes = {},
  ): string {
    const output = this.add(operator, inputs, attributes);
    this.#shapes.set(output, shape);
    return output;
  }

  constant(name: string, stored: StoredTensor): string {
    this.constants.set(name, stored);
    this.#shapes.set(name, stored.shape);
    return name;
  }

  /** float32 numbers of a shape, named after what they are for. */
  floats(name: string, values: readonly number[], shape: readonly number[]): string {
    const bytes = new Uint8Array(Float32Array.from(values).buffer);
    return this.constants.has(name) ? name : this.constant(name, { dtype: "float32", shape, bytes });
  }

  /** One float32 number without dimensions. */
  scalar(value: number): string {
    return this.floats(`number.${value}`, [value], []);
  }

  /** int64 numbers in a row, as axes and shapes are given. */
  integers(values: readonly number[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
    const name = `list.${values.join("_")}`;
    return this.constants.has(name)
      ? name
      : this.constant(name, { dtype: "int64", shape: [values.length], bytes });
  }

  /** One int64 number without dimensions. */
  integer(value: number): string {
    const bytes = new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
    const name = `index.${value}`;
    return this.constants.has(name) ? name : this.constant(name, { dtype: "int64", shape: [], bytes });
  }

  /** The elements of a float32 constant. @throws Error where it is none */
  elements(name: string): Float32Array {
    const stored = this.constants.get(name);
    if (stored?.dtype !== "float32") throw new Error(`${name} is no float32 constant`);
    return new Float32Array(stored.bytes.slice().buffer);
  }
}
