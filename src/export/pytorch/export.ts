// A classifier for PyTorch: its state dict and the recorded program in one file, and a short Python module that runs it.
import { describeAsJson } from "../description.js";
import { type Program, type ProgramArgument, Reference, recordProgram } from "../program.js";
import { type ExportSubject, networkState } from "../subject.js";
import type { PythonValue } from "./pickle-writer.js";
import { encodeTorchArchive } from "./torch-archive.js";

/**
 * What `torch.load(file, weights_only=True)` gives: a dictionary of `state_dict`, under the names of the published networks;
 * `constants`, what stands around the network; `program`, the operators of LibTorch that lead from `images` to `logits`;
 * `class_names`, `image_size`, and `reat`, the description as JSON.
 * @throws ReatError `config` naming what it cannot hold
 */
export function torchFile(subject: ExportSubject): Uint8Array {
  const { description, model } = subject;
  const { classNames, imageSize } = description;
  const program = recordProgram(model, imageSize);
  const state = networkState(subject);
  const around = [...program.constants].filter(([name]) => !state.has(name));
  return encodeTorchArchive(
    new Map<string, PythonValue>([
      ["state_dict", state],
      ["constants", new Map(around)],
      ["program", stepsOf(program)],
      ["class_names", classNames],
      ["image_size", [imageSize.height, imageSize.width]],
      ["reat", describeAsJson(description)],
    ]),
  );
}

/** A name of a value as a buffer of a PyTorch module may be called. */
const bufferName = (name: string): string => name.replaceAll(".", "/");

function stepsOf({ steps }: Program): PythonValue {
  return steps.map(({ operator, args, output }) => [
    operator.split(".")[0]!,
    args.map(argumentOf),
    bufferName(output),
  ]);
}

function argumentOf(arg: ProgramArgument): PythonValue {
  if (arg instanceof Reference) return bufferName(arg.name);
  if (arg === undefined || arg === null || typeof arg === "number" || typeof arg === "boolean") {
    return arg ?? null;
  }
  if (Array.isArray(arg) && arg.every((inside) => !(inside instanceof Reference))) {
    return arg as (number | boolean | null)[];
  }
  throw new Error(`a program for PyTorch cannot hold ${JSON.stringify(arg)}`);
}

/** The module's text; it needs nothing but PyTorch. */
export const torchModule = `"""A classifier exported by reat: RGB images [N, 3, H, W] in [0, 1], not normalised, to logits [N, C]."""
import torch


class Classifier(torch.nn.Module):
    def __init__(self, file="model.pt"):
        super().__init__()
        saved = torch.load(file, map_location="cpu", weights_only=True)
        self.class_names, self.program = saved["class_names"], saved["program"]
        for name, value in {**saved["state_dict"], **saved["constants"]}.items():
            self.register_buffer(name.replace(".", "/"), value)

    def forward(self, images):
        values = {**dict(self.named_buffers()), "images": images}
        for operator, args, output in self.program:
            args = [values[arg] if isinstance(arg, str) else arg for arg in args]
            values[output] = getattr(torch.ops.aten, operator)(*args)
        return values["logits"]
`;
