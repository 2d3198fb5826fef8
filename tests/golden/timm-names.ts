// timm's names of the tensors that torchvision's networks hold.
import type { ModelName } from "../../src/nn/index.js";
import type { StoredTensor } from "../../src/training/index.js";

/** ResNets have the same names in both. */
export function timmName(
  architecture: ModelName,
  name: string,
  value: StoredTensor,
): readonly [string, StoredTensor] {
  if (architecture === "convnext-tiny") {
    const { shape } = value;
    const flat = name.endsWith("layer_scale") ? { ...value, shape: [shape[0]!] } : value;
    return [convNextName(name), flat];
  }
  return [architecture === "vit-s16" ? vitName(name) : name, value];
}

function convNextName(name: string): string {
  const [first, ...rest] = name.split(".");
  if (first === "classifier")
    return name.replace(/^classifier\.0/, "head.norm").replace(/^classifier\.2/, "head.fc");
  const [part, ...inside] = rest;
  const at = Number(part);
  if (at === 0) return `stem.${inside.join(".")}`;
  if (at % 2 === 0) return `stages.${at / 2}.downsample.${inside.join(".")}`;
  const [block, ...tail] = inside;
  const parts: Record<string, string> = {
    "block.0": "conv_dw",
    "block.2": "norm",
    "block.3": "mlp.fc1",
    "block.5": "mlp.fc2",
    layer_scale: "gamma",
  };
  const text = tail.join(".");
  const known = Object.keys(parts).find((key) => text === key || text.startsWith(`${key}.`))!;
  return `stages.${(at - 1) / 2}.blocks.${block}.${parts[known]}${text.slice(known.length)}`;
}

function vitName(name: string): string {
  return name
    .replace("class_token", "cls_token")
    .replace("encoder.pos_embedding", "pos_embed")
    .replace("conv_proj", "patch_embed.proj")
    .replace("encoder.layers.encoder_layer_", "blocks.")
    .replace(/ln_([12])/, "norm$1")
    .replace("self_attention.in_proj_", "attn.qkv.")
    .replace("self_attention.out_proj", "attn.proj")
    .replace("mlp.0.", "mlp.fc1.")
    .replace("mlp.3.", "mlp.fc2.")
    .replace("encoder.ln.", "norm.")
    .replace("heads.head.", "head.");
}
