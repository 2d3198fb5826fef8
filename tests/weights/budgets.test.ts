// Files of a few bytes that ask for work or memory without end: one sentence, at once, and nothing is filled.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ReatError } from "../../src/errors.js";
import { readPickle } from "../../src/pickle/index.js";
import { readWeightsFile } from "../../src/weights/index.js";
import {
  dictionary,
  global,
  integer,
  op,
  pickle,
  reduce,
  text,
  torchTensor,
  tuple,
} from "../../trials/fuzz/pickle-writer.js";

const folder = mkdtempSync(join(tmpdir(), "reat-budgets-"));
afterAll(() => rmSync(folder, { recursive: true }));

const magic = Buffer.from("80028a0a6cfc9c46f9206aa850192e", "hex");

/** A file of torch.save's older form with one storage of so many float32 zeros, or none. */
function older(
  root: Buffer,
  elements = 1,
  keys: Buffer = tuple(...(elements > 0 ? [text("0")] : [])),
): string {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(elements));
  const about = pickle(dictionary([[text("little_endian"), op("\x88")]]));
  const list = pickle(op("]("), keys.subarray(1, -1), op("e"));
  const file = join(folder, "weights.pth");
  writeFileSync(
    file,
    Buffer.concat([
      magic,
      pickle(integer(1001)),
      about,
      pickle(root),
      list,
      ...(elements > 0 ? [length, Buffer.alloc(4 * elements)] : []),
    ]),
  );
  return file;
}

const view = (count: number, shape: number[], strides: number[]) =>
  torchTensor({ key: "0", storage: "FloatStorage", count, offset: 0, shape, strides });
/** () doubled 40 times: ((), ()), (((), ()), ((), ())) … of 2⁴⁰ parts if anybody wrote it out. */
const doubled = Buffer.concat([op(")"), ...Array.from({ length: 40 }, () => op("2\x86"))]);
const state = (...entries: [Buffer, Buffer][]) => dictionary(entries);

async function refusal(work: () => unknown): Promise<string> {
  const before = process.cpuUsage();
  const { rss } = process.memoryUsage();
  let message = "";
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(ReatError);
    message = (error as Error).message;
  }
  expect(process.cpuUsage(before).user).toBeLessThan(3e6);
  expect(process.memoryUsage().rss - rss).toBeLessThan(400e6);
  expect(message.length).toBeLessThan(700);
  return message;
}

describe("a file of weights", () => {
  it.each<[string, Buffer, number, RegExp]>([
    [
      "a key that doubles",
      state([doubled, integer(1)]),
      0,
      /holds a dictionary with other keys; a state dict is needed/,
    ],
    [
      "a module that doubles",
      Buffer.concat([doubled, text("x"), op("\x93")]),
      1,
      /names something by values that are no texts/,
    ],
    [
      "a storage's type that doubles",
      Buffer.concat([tuple(text("storage"), doubled, text("0"), text("cpu"), integer(1)), op("Q")]),
      1,
      /it has a storage without a type; accepted are FloatStorage,/,
    ],
    [
      "a storage's type of every object",
      torchTensor({
        ...{ key: "0", storage: "constructor", count: 1, offset: 0, shape: [1], strides: [1] },
      }),
      1,
      /it has a torch\.constructor; accepted are FloatStorage,/,
    ],
    [
      "one element shown as 30000×30000",
      state([text("w"), view(1, [30_000, 30_000], [0, 0])]),
      1,
      /they show the same elements over and over/,
    ],
    [
      "300 transposed views of one storage",
      state(
        ...Array.from({ length: 300 }, (_, n): [Buffer, Buffer] => [
          text(`w${n}`),
          view(90_000, [300, 300], [1, 300]),
        ]),
      ),
      90_000,
      /has \d+ bytes, and its tensors would take more than \d+/,
    ],
    [
      "a tensor of a hundred dimensions",
      state([text("w"), view(1, new Array(100).fill(1), new Array(100).fill(1))]),
      1,
      /a tensor whose shape is not readable/,
    ],
    [
      "values nested 5,000 deep",
      Buffer.concat([op(")"), ...Array.from({ length: 5000 }, () => op("\x85"))]),
      1,
      /nested more than 1000 deep/,
    ],
    ["an element type that doubles", reduce(global("numpy", "dtype"), doubled), 0, /holds no dictionary/],
    ["a character beyond all", op("V\\U99999999\n"), 1, /\\U99999999 is no character/],
    ["a number that is none", op(`I${"9".repeat(300)}x\n`), 1, /is not a number/],
  ])("%s", async (_, root, elements, message) => {
    expect(await refusal(() => readWeightsFile(older(root, elements)))).toMatch(message);
  });

  it("a list of storages that is none", async () => {
    const file = older(state([text("w"), view(1, [1], [1])]), 1, tuple(doubled));
    expect(await refusal(() => readWeightsFile(file))).toContain("one of its storages belongs to no tensor");
  });

  it("tied weights and a few expanded ones are read", async () => {
    const entries = ["a", "b", "c", "d"].map((name): [Buffer, Buffer] => [
      text(name),
      view(900, [30, 30], [1, 30]),
    ]);
    const { state: read } = await readWeightsFile(
      older(state(...entries, [text("e"), view(900, [9, 900], [0, 1])]), 900),
    );
    expect([...read.values()].map(({ shape }) => shape.join())).toEqual([
      "30,30",
      "30,30",
      "30,30",
      "30,30",
      "9,900",
    ]);
  });
});

describe("a pickle of arrays", () => {
  const array = (dtype: Buffer, shape: Buffer) =>
    reduce(global("numpy.core.numeric", "_frombuffer"), op("C\x04abcd"), dtype, shape, text("C"));
  it.each<[string, Buffer, RegExp]>([
    [
      "an element type that doubles",
      array(reduce(global("numpy", "dtype"), doubled), tuple(integer(4))),
      /elements of type "unknown"/,
    ],
    [
      "an element type of every object",
      array(reduce(global("numpy", "dtype"), text("constructor")), tuple(integer(4))),
      /elements of type "constructor"/,
    ],
    [
      "a shape that doubles",
      array(reduce(global("numpy", "dtype"), text("u1")), tuple(doubled)),
      /no readable shape/,
    ],
    [
      "a million empty dictionaries",
      Buffer.alloc(1_100_000, "}"),
      /more than 1000000 lists, tuples and dictionaries/,
    ],
    ["five million instructions", Buffer.alloc(5_100_000, "N"), /more than 5000000 instructions/],
  ])("%s", async (_, bytes, message) => {
    expect(await refusal(() => readPickle(pickle(bytes), "file.pkl"))).toMatch(message);
  });
});
