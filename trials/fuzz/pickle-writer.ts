// Writes pickles opcode by opcode, for files that torch.save and NumPy would write and for such that nobody should read.

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

/** A whole pickle of protocol 2. */
export function pickle(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from("8002", "hex"), ...parts, op(".")]);
}

/** Bare opcodes. */
export function op(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([op("X"), u32(bytes.length), bytes]);
}

export function shortBytes(value: Buffer): Buffer {
  return Buffer.concat([op("C"), Buffer.from([value.length]), value]);
}

export function integer(value: number): Buffer {
  if (Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return Buffer.concat([op("J"), bytes]);
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(Math.trunc(value)));
  return Buffer.concat([op("\x8a\x08"), bytes]);
}

export function global(module: string, name: string): Buffer {
  return op(`c${module}\n${name}\n`);
}

export function tuple(...items: readonly Buffer[]): Buffer {
  return Buffer.concat([op("("), ...items, op("t")]);
}

export function dictionary(entries: readonly (readonly [Buffer, Buffer])[]): Buffer {
  return Buffer.concat([op("}("), ...entries.flat(), op("u")]);
}

/** The callable applied to a tuple. */
export function reduce(callee: Buffer, ...args: readonly Buffer[]): Buffer {
  return Buffer.concat([callee, tuple(...args), op("R")]);
}

/** Where a tensor of a torch file lies, and how it is seen. */
export interface TensorFields {
  readonly key: string;
  readonly storage: string;
  readonly count: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A tensor as torch.save writes it: a view of a storage that a persistent id names. */
export function torchTensor({ key, storage, count, offset, shape, strides }: TensorFields): Buffer {
  const id = tuple(text("storage"), global("torch", storage), text(key), text("cpu"), integer(count));
  return reduce(
    global("torch._utils", "_rebuild_tensor_v2"),
    Buffer.concat([id, op("Q")]),
    integer(offset),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
    op("\x89"),
    reduce(global("collections", "OrderedDict")),
  );
}
