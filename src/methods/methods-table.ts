// The table of all methods, made from the registry so that it cannot go stale.
import type { MethodEntry } from "./method-entry.js";
import { type MethodOptions, methodNames, methods } from "./methods.js";

/** Constants of an option tree as "attack.steps 10"; numbers of grey levels as fractions of 255. */
function constantsOf(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, inside]) => constantsOf(inside, [...path, key]));
  }
  const levels = typeof value === "number" ? value * 255 : Number.NaN;
  const isGrey = /epsilon|stepSize/.test(path.at(-1) ?? "") && Math.abs(levels - Math.round(levels)) < 1e-9;
  return [`\`${path.join(".")}\` ${isGrey ? `${Math.round(levels)}/255` : String(value)}`];
}

/** The defaults of a method's options, by their keys, without its name. */
export function defaultConstants(name: keyof typeof methods): string[] {
  const { name: _, ...options } = methods[name].schema.parse({ name }) as { readonly name: string };
  return constantsOf(options);
}

/** Markdown of docs/methods.md. */
export function methodsTable(): string {
  const sections = methodNames.map((name) => {
    const { description, paper, released } = methods[name] as MethodEntry<MethodOptions>;
    const source = released
      ? `Released code: ${released.repository} (${released.summary}); preset \`${released.preset}\`.`
      : `Preset: the common protocol, \`cifar10-lt-ur50-resnet18-${name}\`.`;
    return `## ${name}\n\n${description}\n\nPaper: ${paper}. ${source}\n\nDefaults: ${defaultConstants(name).join(", ")}.\n`;
  });
  return `${preface}\n${sections.join("\n")}`;
}

const preface = `# Methods

Made from the registry by \`methodsTable\`; a test holds the file to it. Every key below is one of \`method\` in a configuration.

Around each method: \`weightPerturbation\` (AWP, Wu et al., NeurIPS 2020, arXiv 2004.05884: \`gamma\` 0.01, 0.005 with
trades) and \`classBudget\` (RobustLT, arXiv 2605.13395: \`alpha\` 0.3, \`warmUp\` 0.8; not around plain). Losses: ce, bsl, focal,
effective-number, ldam, logit-adjustment, class-temperature; a name, or \`{ name: ldam, scale: 10 }\`.

\`reweighting\` chooses what multiplies or shifts the cross entropy that the examples maximise. rw (1/n), rws (1/√n), enr
(effective number) and rbl in its weight form multiply each sample's loss by a positive factor: that changes no sign and no
direction of its gradient, so with \`attack.batchNorm: running\` the examples are those of plain cross entropy, bit for bit
under l∞. They act with \`attack.batchNorm: batch\`, where samples are coupled. brw (+ log n) and rbl in its logit form
(+ τ·log ω) enter the logits and always act.

Around each run, outside \`method\`:

- \`training.weightAverage: { decay: 0.999, from: 1 }\` averages the weights over the steps from epoch \`from\` on:
  average ← decay·average + (1 − decay)·weights after each step, after AWP has moved the weights back. Running statistics of
  batch normalisation are averaged with the same decay, so that they belong to the averaged weights; their counters are copied. The
  average starts from the weights at the beginning of epoch \`from\`; until then the trained weights are measured and kept. From then on
  every measurement, the choice of the best epoch, \`last.safetensors\` and \`best.safetensors\` are of the average, and results
  say \`weights: averaged\`. The checkpoint also holds the trained weights, from which a stopped run goes on bit by bit.
- \`model.normalise\` (cifar10, cifar100, tiny-imagenet, imagenet, or \`{ mean, std }\`) makes (x − mean)/std the network's
  first layer. Images, attacks and budgets stay in [0, 1]; the statistics are saved with the weights.
- \`model.classifier\`: linear, cosine (RoBal's, γ = 1/32; \`cosine:1/16\` for another γ) or normalised.
- \`training.strongAugmentation\`: randaugment or autoaugment before crop and flip.

Presets as released: \`released-…\`; the common protocol: \`cifar10-lt-ur50-resnet18-…\`, with \`pgd-awp\`, \`trades-awp\` and
\`robustlt-reat\` for what works around a method. RoBal's variant N is \`released-robal-n\`, those for CIFAR-100
\`released-robal-cifar100-r\` and \`-n\`. The rows of REAT's tables are in [paper-tables.md](paper-tables.md).
\`reat methods <name>\` shows a method's keys with what they accept.
`;
