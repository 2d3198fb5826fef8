// The page of `reat export --demo`: a run's network in a browser, with a few of its test images to begin with.

import sharp from "sharp";
import { imageAt } from "../../data/index.js";
import { ReatError } from "../../errors.js";
import { type DemoFacts, demoPage } from "../../export/index.js";
import type { RunFolder } from "../../training/index.js";
import { loadData } from "../data.js";
import { runConfig } from "../run-config.js";
import type { TrainedClassifier } from "./trained-classifier.js";

const mostSamples = 10;
const usualLevel = 8;

/**
 * @param gradient an ONNX file of the network with the gradient of the images
 * @param run whose test images are shown, if its data can be read
 * @returns the page, and what is missing in it
 * @throws ReatError `environment` where onnxruntime-web is not installed
 */
export async function demoOf(
  { description }: TrainedClassifier,
  gradient: Uint8Array,
  run: RunFolder | null,
): Promise<{ readonly page: string; readonly notes: readonly string[] }> {
  const { name, architecture, classNames, imageSize, method, source } = description;
  const { samples, notes } = await samplesOf(run, imageSize);
  const facts = {
    ...{ name, classNames, ...imageSize, level: usualLevel, samples },
    about: `A ${architecture} trained with the method ${method.name}, after epoch ${source.epoch}, for ${classNames.length} classes.`,
  };
  return { page: demoPage(facts, gradient), notes };
}

async function samplesOf(
  run: RunFolder | null,
  { height, width }: { readonly height: number; readonly width: number },
): Promise<{ samples: DemoFacts["samples"]; notes: string[] }> {
  const without = (why: string) => ({
    samples: [],
    notes: [`demo.html shows no images to begin with: ${why}`],
  });
  if (run === null) return without("only a run says which data it was trained on.");
  try {
    const { test, ...dataset } = (await loadData(runConfig(run))).dataset;
    if (dataset.height !== height || dataset.width !== width) {
      return without(`the data's images are not ${width}×${height}.`);
    }
    // The first image of each class, of classes spread over all.
    const firsts = dataset.classNames.map((_, id) => test.labels.indexOf(id)).filter((at) => at >= 0);
    const count = Math.min(mostSamples, firsts.length);
    const chosen = Array.from({ length: count }, (_, i) => firsts[Math.floor((i * firsts.length) / count)]!);
    const samples = await Promise.all(
      chosen.map(async (at) => ({
        png: await pngOf(imageAt(test, at), height, width),
        className: dataset.classNames[test.labels[at]!]!,
      })),
    );
    return { samples, notes: [] };
  } catch (error) {
    if (error instanceof ReatError) return without(error.message);
    throw error;
  }
}

/** @param planes [3, height, width], 0 to 255 */
function pngOf(planes: Uint8Array, height: number, width: number): Promise<Uint8Array> {
  const area = height * width;
  const pixels = Uint8Array.from({ length: 3 * area }, (_, i) => planes[(i % 3) * area + Math.floor(i / 3)]!);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
