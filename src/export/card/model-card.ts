// The README.md of an export: Hugging Face's front matter, then what a user of the weights must know.
import { stringify } from "yaml";
import { normSymbol } from "../../attacks/index.js";
import { attackLabel, type EvaluationResult } from "../../evaluation/index.js";
import { formatFraction } from "../../fraction.js";
import { type MethodEntry, type MethodOptions, methods } from "../../methods/index.js";
import { type CardFacts, resultOf } from "./facts.js";

/** Names of the field's data sets on Hugging Face. */
const hubData: Readonly<Record<string, string>> = {
  cifar10: "uoft-cs/cifar10",
  cifar100: "uoft-cs/cifar100",
};

const percent = (fraction: number | null): string =>
  fraction === null ? "–" : `${(100 * fraction).toFixed(2)} %`;
const rounded = (fraction: number): number => Number((100 * fraction).toFixed(2));

/** The whole file. */
export function modelCard(facts: CardFacts): string {
  const { description, run } = facts;
  const sections = [
    `# ${description.name}`,
    introduction(facts),
    `## Use\n\n${use(facts)}`,
    `## Results\n\n${resultsSection(facts)}`,
    `## Data\n\n${data(facts)}`,
    `## Protocol\n\n${protocol(facts)}`,
    `## Limits\n\n${limits(facts)}`,
    ...(run ? [`## Configuration\n\n\`\`\`yaml\n${run.config.trimEnd()}\n\`\`\``] : []),
  ];
  return `---\n${stringify(frontMatter(facts), { lineWidth: 0 })}---\n\n${sections.join("\n\n")}\n`;
}

/** Keys as huggingface.co reads them; `model-index` is left out where nothing was measured, for it may not be empty. */
function frontMatter(facts: CardFacts): Record<string, unknown> {
  const { description, run } = facts;
  const dataset = run?.dataset ?? "unknown";
  const hub = run && !run.synthetic ? hubData[dataset] : undefined;
  const metrics = metricsOf(facts);
  const result = {
    task: { type: "image-classification", name: "Image classification" },
    dataset: { type: hub ?? dataset, name: dataset, split: "test" },
    metrics,
  };
  return {
    library_name: "reat",
    pipeline_tag: "image-classification",
    tags: [
      ...["image-classification", "adversarial-robustness", "adversarial-training", "long-tailed"],
      description.method.name,
    ],
    ...(hub && { datasets: [hub] }),
    ...(metrics.length > 0 && { "model-index": [{ name: description.name, results: [result] }] }),
  };
}

function metricsOf(facts: CardFacts): { type: string; name: string; value: number }[] {
  const clean = cleanResult(facts)?.clean;
  const robust = (["pgd-20", "autoattack"] as const).flatMap((attack) => {
    const result = resultOf(facts, attack);
    if (!result) return [];
    const under = `${attack === "pgd-20" ? "PGD-20" : "AutoAttack"}, ${budget(result)}`;
    return [
      { type: "accuracy", name: `Robust accuracy in % (${under})`, value: rounded(result.robust.accuracy) },
      {
        type: "accuracy",
        name: `Balanced robust accuracy in % (${under})`,
        value: rounded(result.robust.balanced),
      },
    ];
  });
  return [
    ...(clean
      ? [
          { type: "accuracy", name: "Clean accuracy in %", value: rounded(clean.accuracy) },
          { type: "accuracy", name: "Balanced clean accuracy in %", value: rounded(clean.balanced) },
        ]
      : []),
    ...robust,
  ];
}

/** The result whose clean accuracy is of the most images. */
function cleanResult({ results }: CardFacts): EvaluationResult | undefined {
  return results.filter(({ split }) => split === "test").sort((a, b) => b.clean.total - a.clean.total)[0];
}

function budget({ attack: { constants } }: EvaluationResult): string {
  const { norm = "linf", epsilon } = constants;
  const name = normSymbol(String(norm));
  return typeof epsilon === "number" ? `${name} ${formatFraction(epsilon)}` : name;
}

function introduction({ description, run }: CardFacts): string {
  const { architecture, classNames, imageSize, source, method } = description;
  const entry = methods[method.name] as MethodEntry<MethodOptions>;
  const averaged = source.averaged ? ", averaged over the training steps," : "";
  const of = run ? ` of ${run.epochs}` : "";
  return (
    `A ${architecture} that tells ${classNames.length} classes apart in RGB images of ${imageSize.width}×${imageSize.height} ` +
    `pixels, trained with \`reat\` by ${method.name} (${entry.paper}). The weights${averaged} are those of epoch ${source.epoch}${of}.`
  );
}

function use({ description, files, agreement }: CardFacts): string {
  const { normalisation, correction, classNames, imageSize } = description;
  const inside = [
    normalisation
      ? `Images are normalised inside the network (mean ${normalisation.mean.join(", ")}, deviation ${normalisation.deviation.join(", ")}).`
      : "Images are not normalised.",
    ...(correction
      ? [
          correction === "another formula"
            ? "The method's inference rule is part of the network."
            : `The method's inference rule is part of the network: logits are ${correction.scale}·z + offset of the class.`,
        ]
      : []),
  ];
  const lines = [
    `Input: float32 [N, 3, ${imageSize.height}, ${imageSize.width}], RGB in [0, 1]. Output: logits [N, ${classNames.length}]. ${inside.join(" ")}`,
    `Classes, by number from 0: ${classNames.join(", ")}.`,
  ];
  const has = (file: string) => files.includes(file);
  if (has("model.onnx")) {
    lines.push(
      'ONNX, here with onnxruntime:\n\n```python\nimport onnxruntime\n\nsession = onnxruntime.InferenceSession("model.onnx")\n(logits,) = session.run(["logits"], {"images": images})\n```',
    );
  }
  if (has("model-gradient.onnx")) {
    lines.push(
      "`model-gradient.onnx` also takes `labels` (int64 [N]) and gives `loss`, the cross entropy of each image, and `gradient`, its gradient with respect to the image: what a gradient attack needs.",
    );
  }
  if (has("model.pt")) {
    lines.push(
      'PyTorch:\n\n```python\nfrom model import Classifier\n\nclassifier = Classifier("model.pt").eval()\nlogits = classifier(images)\n```\n\n`torch.load("model.pt", weights_only=True)["state_dict"]` has the weights alone.',
    );
  }
  if (has("model.safetensors")) {
    const rest = correction || normalisation ? " Normalisation and inference rule are in `config.json`." : "";
    lines.push(`\`model.safetensors\` has the network's weights alone.${rest}`);
  }
  return [...lines, ...agreement].join("\n\n");
}

function resultsSection(facts: CardFacts): string {
  const tested = facts.results.filter(({ split }) => split === "test");
  const missing = (["pgd-20", "autoattack"] as const)
    .filter((attack) => !resultOf(facts, attack))
    .map((attack) => `Not measured: ${attack === "pgd-20" ? "PGD-20" : "AutoAttack"}.`);
  if (tested.length === 0) return ["Nothing was measured on test images.", ...missing].join("\n\n");
  const clean = cleanResult(facts)!;
  const row = (name: string, report: EvaluationResult["clean"]) => {
    const { head, body, tail } = report.groups;
    const figures = [report.accuracy, report.balanced, head, body, tail].map(percent);
    return `| ${name} | ${report.total} | ${figures.join(" | ")} |`;
  };
  const rows = [
    row("clean", clean.clean),
    ...tested.map((result) => row(`${attackLabel(result.attack)} (${budget(result)})`, result.robust)),
  ];
  return [
    `| measured | images | all | balanced | head | body | tail |\n| --- | --- | --- | --- | --- | --- | --- |\n${rows.join("\n")}`,
    ...missing,
  ].join("\n\n");
}

function data({ description, run }: CardFacts): string {
  const { classNames, classCounts, preprocessing } = description;
  const { resize, crop } = preprocessing;
  const counts = classNames.map((name, id) => `${name} ${classCounts[id]}`).join(", ");
  return [
    ...(run ? [`Trained on ${run.dataset}.`] : []),
    ...(run?.synthetic
      ? ["These images were drawn by a program: the figures say nothing about photographs."]
      : []),
    ...(resize === null ? [] : [`The shorter side of images was scaled to ${resize} pixels.`]),
    ...(crop === null ? [] : [`A square of ${crop} pixels was cut out of their middle.`]),
    `Training images of each class: ${counts}.`,
    ...(run?.dataNotes ?? []),
  ].join("\n\n");
}

function protocol({ description, run }: CardFacts): string {
  const { source, method } = description;
  const chosen = {
    test: "by its robust accuracy on test images, so that its figures on them are somewhat too high",
    validation: "by its robust accuracy on validation images, which are not in the figures",
    last: "as the last one",
  };
  const { attack } = method as { attack?: { epsilon: number; stepSize: number; steps: number } };
  return [
    ...(attack
      ? [
          `Adversarial examples in training: ${attack.steps} steps of ${formatFraction(attack.stepSize)} within ${formatFraction(attack.epsilon)}.`,
        ]
      : ["Trained on clean images."]),
    ...(run && source.checkpoint === "best" ? [`The epoch was chosen ${chosen[run.selection]}.`] : []),
    ...(run && source.checkpoint === "last" ? ["The epoch is the last one that was trained."] : []),
    `Made with reat ${source.reat}.`,
  ].join("\n\n");
}

function limits(facts: CardFacts): string {
  const { imageSize, classNames } = facts.description;
  return [
    "- Accuracy under an attack is an upper bound on robustness: a stronger attack may lower it.",
    "- Robust means here: against the perturbations that were measured. Others (rotations, other norms, patches, other cameras) are not covered.",
    `- The network takes images of ${imageSize.width}×${imageSize.height} pixels alone, and answers with one of its ${classNames.length} classes for whatever it is shown.`,
    "- Classes with few training images are less accurate; see the columns body and tail.",
    "- No licence is stated for these weights, nor for the images they were trained on.",
  ].join("\n");
}
