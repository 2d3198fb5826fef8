// How torchvision and timm name the parts of ConvNeXts and vision transformers.
import type { StoredTensor } from "../training/index.js";

/** A pattern of foreign names, and what to write instead. */
export type Rule = readonly [pattern: RegExp, name: string];

/** torchvision counts stems, stages and what is between them in one list: features.0 to features.7. */
const torchvisionStages: readonly Rule[] = [0, 1, 2, 3].flatMap((stage): Rule[] => [
  [new RegExp(`^features\\.${2 * stage}\\.([01])\\.`), `downsample_layers.${stage}.$1.`],
  [new RegExp(`^features\\.${2 * stage + 1}\\.(\\d+)\\.block\\.0\\.`), `stages.${stage}.$1.dwconv.`],
  [new RegExp(`^features\\.${2 * stage + 1}\\.(\\d+)\\.block\\.2\\.`), `stages.${stage}.$1.norm.`],
  [new RegExp(`^features\\.${2 * stage + 1}\\.(\\d+)\\.block\\.3\\.`), `stages.${stage}.$1.pwconv1.`],
  [new RegExp(`^features\\.${2 * stage + 1}\\.(\\d+)\\.block\\.5\\.`), `stages.${stage}.$1.pwconv2.`],
  [new RegExp(`^features\\.${2 * stage + 1}\\.(\\d+)\\.layer_scale$`), `stages.${stage}.$1.gamma`],
]);

/** torchvision's and timm's names of ConvNeXt to those of its authors. */
export const convNextRules: readonly Rule[] = [
  ...torchvisionStages,
  [/^classifier\.0\./, "norm."],
  [/^classifier\.2\./, "head."],
  [/^stem\.([01])\./, "downsample_layers.0.$1."],
  [/^stages\.(\d+)\.downsample\.([01])\./, "downsample_layers.$1.$2."],
  [/^stages\.(\d+)\.blocks\.(\d+)\.gamma$/, "stages.$1.$2.gamma"],
  [/^stages\.(\d+)\.blocks\.(\d+)\.conv_dw\./, "stages.$1.$2.dwconv."],
  [/^stages\.(\d+)\.blocks\.(\d+)\.norm\./, "stages.$1.$2.norm."],
  [/^stages\.(\d+)\.blocks\.(\d+)\.mlp\.fc([12])\./, "stages.$1.$2.pwconv$3."],
  [/^head\.norm\./, "norm."],
  [/^head\.fc\./, "head."],
];

/** torchvision's names of vision transformers to timm's. */
export const visionTransformerRules: readonly Rule[] = [
  [/^class_token$/, "cls_token"],
  [/^encoder\.pos_embedding$/, "pos_embed"],
  [/^conv_proj\./, "patch_embed.proj."],
  [/^encoder\.layers\.encoder_layer_(\d+)\.ln_([12])\./, "blocks.$1.norm$2."],
  [/^encoder\.layers\.encoder_layer_(\d+)\.self_attention\.in_proj_/, "blocks.$1.attn.qkv."],
  [/^encoder\.layers\.encoder_layer_(\d+)\.self_attention\.out_proj\./, "blocks.$1.attn.proj."],
  [/^encoder\.layers\.encoder_layer_(\d+)\.mlp\.(0|linear_1)\./, "blocks.$1.mlp.fc1."],
  [/^encoder\.layers\.encoder_layer_(\d+)\.mlp\.(3|linear_2)\./, "blocks.$1.mlp.fc2."],
  [/^encoder\.ln\./, "norm."],
  [/^heads\.head\./, "head."],
];

/** torchvision keeps ConvNeXt's factors of the channels as [C, 1, 1]; they are [C] here. */
export function reshaped(name: string, value: StoredTensor): StoredTensor {
  const { shape } = value;
  const factors =
    /^stages\.\d+\.\d+\.gamma$/.test(name) && shape.length === 3 && shape[1] === 1 && shape[2] === 1;
  return factors ? { ...value, shape: [shape[0]!] } : value;
}
