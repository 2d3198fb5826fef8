// Which preset fits a set of images, why, and how long a run of it would take on this machine.
import type { DatasetSummary, ImageSurvey } from "../data/index.js";
import { buildModel } from "../nn/index.js";
import { crossEntropy, type Device, Generator, grad, rand, randint, scope } from "../tensor/index.js";
import { type ExperimentConfig, loadConfig } from "./config/index.js";

/** A preset for own images. */
export interface Suggestion {
  readonly preset: string;
  /** Side that images are scaled to. */
  readonly side: number;
  /** Whether the preset is meant to begin with weights of ImageNet. */
  readonly fineTunes: boolean;
  /** A sentence each. */
  readonly why: readonly string[];
}

/** Of shorter sides in pixels: up to this, thumbnails; from that on, photographs. */
const [thumbnails, photographs] = [48, 160];
/** Training images from which a small network learns from nothing what a pretrained one brings along. */
const enoughToBegin = 20_000;

/** What images of this shorter side are scaled to. */
export function suggestedSide(shorter: number): number {
  return shorter < thumbnails ? 32 : shorter < photographs ? 96 : 224;
}

/** Pixels of what the largest suggestion makes of an image. */
const mostAsTheyAre = suggestedSide(Number.POSITIVE_INFINITY) ** 2;

/**
 * The side that images are scaled to when they are only looked at: that of the suggestion. Null for images of one size with no
 * more pixels than the largest suggestion gives them: packing these as they are takes no more room than a training would.
 */
export function sideToShow({ equal, largest, median }: ImageSurvey): number | null {
  return equal && largest.height * largest.width <= mostAsTheyAre ? null : suggestedSide(median);
}

/**
 * Chooses by the sizes of the images, their number and the device.
 * @param survey null where the images have the size that the summary says
 */
export function suggestPreset(
  summary: DatasetSummary,
  survey: ImageSurvey | null,
  device: Device,
): Suggestion {
  const { trainImages, classes, unbalancedRatio } = summary;
  const side = survey?.median ?? Math.min(summary.height, summary.width);
  const sides =
    survey && survey.shortest < survey.longest
      ? `Shorter sides are ${survey.shortest} to ${survey.longest} pixels, ${survey.median} in the middle`
      : `The shorter side is ${side} pixels`;
  const smallest = classes.reduce((least, { train }) => Math.min(least, train), Number.POSITIVE_INFINITY);
  const about =
    `${trainImages} training images in ${classes.length} classes, the smallest with ${smallest}` +
    (Number.isFinite(unbalancedRatio) ? ` (1 : ${Number(unbalancedRatio.toFixed(1))})` : "");
  if (suggestedSide(side) === 32) {
    const why = [
      `${sides}: more than 32×32 would show nothing more.`,
      `${about}: a small network is enough.`,
    ];
    return { preset: "own-images-reat", side: 32, fineTunes: false, why };
  }
  const wanted = suggestedSide(side);
  const sized = `${sides}: ${wanted}×${wanted} keeps what is to be seen.`;
  if (wanted === 96 && trainImages >= enoughToBegin) {
    const why = [sized, `${about}: enough for a network that begins with nothing.`];
    return { preset: "own-images-96", side: wanted, fineTunes: false, why };
  }
  const few = `${about}: too few to learn from nothing, so a network of ImageNet is fine-tuned.`;
  return device === "cpu"
    ? {
        preset: "own-images-finetune-resnet18",
        side: wanted,
        fineTunes: true,
        why: [sized, few, "There is no GPU here, and ResNet-18 costs the least."],
      }
    : { preset: "own-images-finetune", side: wanted, fineTunes: true, why: [sized, few] };
}

/** The suggested command. @param damaged how damaged images were read; an error is the default */
export function suggestedCommand(
  { preset, side, fineTunes }: Suggestion,
  source: string,
  damaged: "error" | "skip" = "error",
): string {
  const own = loadConfig(preset).data.resize;
  const weights = fineTunes ? ` --weights ${fineTunesFrom(preset)}` : "";
  const resize = own === side ? "" : ` --resize ${side}`;
  const skip = damaged === "skip" ? " --damaged skip" : "";
  return `reat train ${preset} --data ${source}${weights}${resize}${skip}`;
}

function fineTunesFrom(preset: string): string {
  return preset.endsWith("resnet18") ? "resnet18.safetensors" : "resnet50.safetensors";
}

/** Images of the passes that are timed. */
const timedImages = 4;

/**
 * Seconds that training and the measurements of a run of the preset would take here, from one timed pass forth and back of its network, at the
 * images' size: an attack step and a gradient of the weights are such passes, a judgement a third of one.
 */
export function estimateSeconds(
  { preset, side }: Suggestion,
  summary: DatasetSummary,
  device: Device,
): number {
  const config = loadConfig(preset);
  const pass = secondsOfAPass(config, side, summary.classes.length, device) / timedImages;
  const { epochs, evaluateEvery, evaluationImages } = config.training;
  const { method } = config;
  const attackSteps = "attack" in method ? method.attack.steps : 0;
  const trained = summary.trainImages * epochs * (attackSteps + 1.5);
  const between = Math.min(evaluationImages ?? summary.testImages, summary.testImages);
  const measured = between * Math.ceil(epochs / evaluateEvery) * stepsOf(config.training.evaluationAttack);
  const atTheEnd = config.evaluation.attacks.reduce(
    (sum, name) => sum + summary.testImages * stepsOf(name),
    0,
  );
  return pass * (trained + measured + atTheEnd);
}

function stepsOf(attack: string): number {
  return Number(/-(\d+)$/.exec(attack)?.[1] ?? 20) + 1;
}

function secondsOfAPass(config: ExperimentConfig, side: number, classes: number, device: Device): number {
  const generator = new Generator(1);
  const imageSize = { height: side, width: side };
  const model = buildModel(config.model.architecture, {
    classes: Math.max(classes, 2),
    generator,
    imageSize,
  });
  if (device !== "cpu") model.to(device);
  try {
    const pass = () =>
      scope(() => {
        const draws = new Generator(2, device);
        const images = rand([timedImages, 3, side, side], draws).requiresGrad_();
        const labels = randint(0, Math.max(classes, 2), [timedImages], draws);
        const began = performance.now();
        // Reading a number waits for a device.
        grad(crossEntropy(model.logits(images), labels), [images])[0]!
          .abs()
          .sum()
          .item();
        return (performance.now() - began) / 1000;
      });
    model.setMode("fast");
    pass();
    return pass();
  } finally {
    model.dispose();
  }
}
