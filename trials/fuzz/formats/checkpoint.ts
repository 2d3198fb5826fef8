// Checkpoints: a right checksum over a wrong state, other tensors than the network's, damaged bytes; read and continued.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunFolder } from "reat";
import { type Checkpoint, readCheckpoint, type StoredTensor } from "reat/training";
import { writeCheckpoint } from "#reat/training/checkpoint.js";
import type { Random } from "../../random.js";
import { trainTiny } from "../../tiny-training.js";
import { mutateBytes } from "../bytes.js";
import type { Files, Format, Sample } from "../case.js";
import { mutateJson } from "../json.js";
import { prepareTinyRun, tinyRunFiles } from "./tiny-run.js";

const place = "checkpoints/last.safetensors";
let original: Checkpoint | undefined;

async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "reat-fuzz-checkpoint-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const whole = (checkpoint: Uint8Array): Files => ({
  ...Object.fromEntries(tinyRunFiles()),
  [place]: checkpoint,
});

/** With the checksum that belongs to it. */
function signed(checkpoint: Checkpoint): Promise<Buffer> {
  return inFolder(async (folder) => {
    const file = join(folder, "last.safetensors");
    await writeCheckpoint(file, checkpoint);
    return readFileSync(file);
  });
}

function otherTensors(random: Random): { checkpoint: Checkpoint; what: string } {
  const { state, parts } = original!;
  const part = random.pick(["model", "optimizer", "generator", "statistics"] as const);
  const names = [...parts[part].keys()];
  const name = random.pick(names);
  const tensors = new Map<string, StoredTensor>(parts[part]);
  const before = tensors.get(name)!;
  const what = random.pick(["left out", "shorter", "another type", "not finite", "one more", "other bytes"]);
  const float = new Uint8Array(new Float32Array([Number.NaN]).buffer);
  if (what === "left out") tensors.delete(name);
  else if (what === "one more") tensors.set(random.pick(["extra", "", "__proto__"]), before);
  else if (what === "shorter")
    tensors.set(name, { dtype: "uint8", shape: [1], bytes: before.bytes.subarray(0, 1) });
  else if (what === "another type") {
    tensors.set(name, { dtype: "uint8", shape: [before.bytes.length], bytes: before.bytes });
  } else {
    const bytes = Buffer.from(before.bytes);
    if (what === "not finite") for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.set(float, at);
    else bytes.fill(0xff);
    tensors.set(name, { ...before, bytes });
  }
  return { checkpoint: { state, parts: { ...parts, [part]: tensors } }, what: `${part}.${name} ${what}` };
}

/** Checkpoints, continued for an epoch. */
export const checkpoint: Format = {
  name: "checkpoint",

  async prepare() {
    await prepareTinyRun();
    original = await inFolder((folder) => {
      const file = join(folder, "last.safetensors");
      writeFileSync(file, tinyRunFiles().get(place)!);
      return readCheckpoint(file);
    });
  },

  async make(random): Promise<Sample> {
    const bytes = tinyRunFiles().get(place)!;
    const kind = random.below(6);
    if (kind === 0)
      return { files: whole(bytes), what: "as it is", expects: "same", reference: whole(bytes) };
    if (kind < 3) {
      const { bytes: mutated, what } = mutateBytes(bytes, random);
      return { files: whole(mutated), what, expects: "same-if-read", reference: whole(bytes) };
    }
    if (kind === 3) {
      const { checkpoint: mutated, what } = otherTensors(random);
      return { files: whole(await signed(mutated)), what, expects: "any" };
    }
    const { value: state, what } = mutateJson(original!.state, random);
    return { files: whole(await signed({ ...original!, state })), what: `state: ${what}`, expects: "any" };
  },

  async read(folder) {
    const run = RunFolder.open(folder);
    const loss = await trainTiny(run, { seed: 1, epochs: 3, resume: true });
    return String(loss);
  },
};
