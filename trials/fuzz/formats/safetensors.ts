// Files of safetensors: headers whose offsets, shapes and lengths lie, and valid spellings of the same tensors.
import { join } from "node:path";
import type { Random } from "../../random.js";
import { mutateBytes } from "../bytes.js";
import type { Format, Sample } from "../case.js";
import { mutateJson } from "../json.js";
import { readWeights } from "./weights-reading.js";

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}
type Header = Record<string, Entry | Record<string, string>>;

const header: Header = {
  __metadata__: { format: "pt" },
  "conv.weight": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
  "conv.bias": { dtype: "F16", shape: [2], data_offsets: [24, 28] },
  steps: { dtype: "I64", shape: [], data_offsets: [28, 36] },
  empty: { dtype: "F32", shape: [0, 4], data_offsets: [36, 36] },
};
const payload = Buffer.from(Array.from({ length: 36 }, (_, i) => (i * 29) % 100));

function file(json: string, data: Buffer = payload, length?: bigint): Buffer {
  const text = Buffer.from(json);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([prefix, text, data]);
}

/** Ways to say the same. */
const valid: Readonly<Record<string, () => Buffer>> = {
  plain: () => file(JSON.stringify(header)),
  "spaces behind": () => file(`${JSON.stringify(header)}      `),
  indented: () => file(JSON.stringify(header, null, 2)),
  "no metadata": () => file(JSON.stringify(Object.fromEntries(Object.entries(header).slice(1)))),
};

const duplicated = `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`;

const tricks: Readonly<Record<string, (random: Random) => Buffer>> = {
  "another length": (random) =>
    file(
      JSON.stringify(header),
      payload,
      random.pick([0n, 1n, 7n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 100_000_001n]),
    ),
  "a name twice": () => file(duplicated, Buffer.alloc(8)),
  "hostile names": (random) =>
    file(
      `{${JSON.stringify(random.pick(["__proto__", "constructor", "", "\u001b[31m", "../x", "x".repeat(1000)]))}:{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`,
      Buffer.alloc(4),
    ),
  "over one another": () =>
    file(
      JSON.stringify(
        Object.fromEntries(
          Array.from({ length: 200 }, (_, n) => [`t${n}`, { dtype: "U8", shape: [4], data_offsets: [0, 4] }]),
        ),
      ),
      Buffer.alloc(4),
    ),
  "data left out": (random) => file(JSON.stringify(header), payload.subarray(0, random.below(36))),
  "data too many": (random) => file(JSON.stringify(header), Buffer.concat([payload, random.bytes(4)])),
  "not JSON": (random) =>
    file(random.pick(["{", "[]", "null", '"{"', "{}{}", `{"a":${"[".repeat(50000)}`, "{\u0000}", "{'a':1}"])),
  "no UTF-8": () =>
    Buffer.concat([Buffer.from("0400000000000000", "hex"), Buffer.from([0x7b, 0xff, 0xfe, 0x7d])]),
  "a huge shape": (random) =>
    file(
      `{"a":{"dtype":"F32","shape":[${random.pick(["4294967296,4294967296", "1e300", "-1", "0.5", "9007199254740993,0"])}],"data_offsets":[0,4]}}`,
      Buffer.alloc(4),
    ),
};

/** Files of safetensors. */
export const safetensors: Format = {
  name: "safetensors",

  make(random): Sample {
    const kind = random.below(5);
    const name = "w.safetensors";
    if (kind === 0) {
      const spelling = random.pick(Object.keys(valid));
      return {
        files: { [name]: valid[spelling]!() },
        what: spelling,
        expects: "same",
        reference: { [name]: valid.plain!() },
      };
    }
    if (kind === 1) {
      const { bytes, what } = mutateBytes(valid.plain!(), random);
      return { files: { [name]: bytes }, what, expects: "any" };
    }
    if (kind === 2) {
      const trick = random.pick(Object.keys(tricks));
      return { files: { [name]: tricks[trick]!(random) }, what: trick, expects: "any" };
    }
    const { value, what } = mutateJson(header, random);
    return { files: { [name]: file(JSON.stringify(value)) }, what, expects: "any" };
  },

  read: (folder) => readWeights(join(folder, "w.safetensors")),
};
