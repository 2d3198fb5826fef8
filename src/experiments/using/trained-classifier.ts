// A trained network ready to classify: its weights and everything needed to use them.
import { type ClassifierDescription, correctionOf, type ExportSubject } from "../../export/index.js";
import { inferenceModel } from "../../methods/index.js";
import { buildModel, type ImageClassifier } from "../../nn/index.js";
import { type Device, Generator, noGrad, scope, type Tensor } from "../../tensor/index.js";
import { NormalisedInput } from "../../weights/index.js";

/** Owns its network: dispose it, or hold it with `using`. */
export class TrainedClassifier implements ExportSubject, Disposable {
  readonly network: ImageClassifier;
  /** The network with its normalisation: what a run's checkpoint holds the weights of. */
  readonly trained: ImageClassifier;
  readonly model: ImageClassifier;

  /**
   * A network with fresh weights, to be overwritten, in mode "eval".
   * @throws ReatError `config` for what `buildModel` refuses
   */
  constructor(
    readonly description: ClassifierDescription,
    readonly device: Device,
  ) {
    const { architecture, classifier, classNames, normalisation, method, classCounts, imageSize } =
      description;
    const generator = new Generator(0, "cpu");
    this.network = buildModel(architecture, { classes: classNames.length, generator, classifier, imageSize });
    if (device !== "cpu") this.network.to(device);
    this.trained = normalisation ? new NormalisedInput(this.network, normalisation) : this.network;
    this.model = inferenceModel(method, { classCounts }, this.trained);
    this.model.setMode("eval");
  }

  /** By class id. */
  get classNames(): readonly string[] {
    return this.description.classNames;
  }

  /** Height and width in pixels of the images it was trained on. */
  get imageSize(): ClassifierDescription["imageSize"] {
    return this.description.imageSize;
  }

  /** Images [N, 3, H, W] in [0, 1] to logits [N, C] with their graph: what an attack takes. */
  logits(images: Tensor): Tensor {
    return this.model.logits(images);
  }

  /** Images [N, 3, H, W] in [0, 1] to probabilities [N, C], by class id. */
  probabilities(images: Tensor): Tensor {
    return scope(() => noGrad(() => this.logits(images).softmax(1)));
  }

  [Symbol.dispose](): void {
    this.model.dispose();
  }
}

/** What follows from the description. */
export function describe(parts: Omit<ClassifierDescription, "correction">): ClassifierDescription {
  return { ...parts, correction: correctionOf(parts.method, parts.classCounts) };
}
