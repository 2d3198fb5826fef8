// The options of `reat eval` that choose attacks and budget, and what they stand for.
import { type Command, InvalidArgumentError, Option } from "commander";
import { acceptedEvaluationAttacks, type BallName, ballNames } from "../attacks/index.js";
import { ReatError } from "../errors.js";
import type { AttackRequest, EvaluationSettings } from "../experiments/index.js";
import { type Precision, precisions } from "../nn/index.js";
import { commaList, fractionList, fractionOption, wholeNumber, wholeNumberList } from "./options.js";

/** As commander hands them over. */
export interface EvaluationFlags {
  readonly attack?: readonly string[];
  readonly preset?: "torchattacks-3.5";
  readonly norm?: BallName;
  readonly eps?: number;
  readonly stepSize?: number;
  readonly restarts?: number;
  readonly logitScale?: number;
  readonly steps?: readonly number[];
  readonly epsSweep?: readonly number[];
  readonly images?: number;
  readonly batchSize?: number;
  readonly seed?: number;
  readonly precision?: Precision;
  readonly saveAdversarial?: string;
  readonly embedding?: true | number;
  /** False with --no-tiles; true leaves it to the configuration. */
  readonly tiles?: boolean;
  readonly screen?: true;
}

/** The attack of a curve against ε where none is named. */
const ofSweep = "pgd-20";

export function addEvaluationOptions(command: Command): Command {
  return command
    .option("--attack <names>", `separated by commas: ${acceptedEvaluationAttacks}`, commaList)
    .addOption(
      new Option(
        "--preset <name>",
        "autoattack with the weaker constants of that clone, to measure published figures again",
      ).choices(["torchattacks-3.5"]),
    )
    .addOption(new Option("--norm <norm>", "of the perturbations").choices([...ballNames]))
    .option("--eps <radius>", "such as 8/255; the step keeps its proportion to it", fractionOption)
    .option("--step-size <length>", "of pgd, cw and mim, such as 2/255", fractionOption)
    .option("--restarts <n>", "of pgd, cw, apgd, fab and square", wholeNumber(1))
    .option("--logit-scale <factor>", "on the logits while attacking, such as 10", factorOption)
    .option(
      "--steps <list>",
      "a curve: PGD with so many steps each, such as 1,2,5,10,20,50,100",
      wholeNumberList,
    )
    .option(
      "--eps-sweep <list>",
      `a curve: the attacks (default: ${ofSweep}) at each radius, such as 0,2/255,4/255,8/255,16/255`,
      fractionList,
    )
    .option("--images <n>", "measure on so many images only, spread over the classes", wholeNumber(1))
    .option("--batch-size <n>", "images attacked together", wholeNumber(1))
    .addOption(
      new Option("--precision <name>", "of predictions and attacks on a GPU; a CPU takes float32").choices([
        ...precisions,
      ]),
    )
    .option("--no-tiles", "apgd, fab, square and autoattack ask the plain network alone (evaluation.tiles)")
    .option(
      "--screen",
      "autoattack first attacks briefly and then together what is likely to fall; same results",
    )
    .option("--seed <n>", "of the attacks' random numbers", wholeNumber(0))
    .option("--save-adversarial <file>", "write clean and adversarial images there, as safetensors")
    .option(
      "--embedding [perplexity]",
      "put the attacked images' features there too, and a map of them (t-SNE)",
      perplexityOption,
    );
}

function perplexityOption(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 1 && Number.isFinite(value))) {
    throw new InvalidArgumentError("It takes a number of neighbours, at least 1.");
  }
  return value;
}

function factorOption(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && Number.isFinite(value))) {
    throw new InvalidArgumentError("It takes a number above 0.");
  }
  return value;
}

/** The settings that the flags stand for. @throws ReatError `usage` for flags that lack the one they belong to */
export function evaluationSettings(flags: EvaluationFlags): Omit<EvaluationSettings, "signal"> {
  const { norm, eps, stepSize, restarts, logitScale, images, batchSize, seed, precision } = flags;
  const { saveAdversarial, embedding, tiles, screen } = flags;
  if (embedding !== undefined && saveAdversarial === undefined) {
    throw new ReatError("usage", "--embedding needs --save-adversarial, the file that it is written to.");
  }
  const attacks = requests(flags);
  return {
    budget: { norm, epsilon: eps, stepSize, restarts, logitScale },
    ...(attacks && { attacks }),
    ...(images !== undefined && { images }),
    ...(batchSize !== undefined && { batchSize }),
    ...(seed !== undefined && { seed }),
    ...(precision !== undefined && { precision }),
    ...(saveAdversarial !== undefined && { saveAdversarial }),
    ...(embedding !== undefined && { embedding: embedding === true ? {} : { perplexity: embedding } }),
    ...(tiles === false && { tiles }),
    ...(screen && { screen }),
  };
}

/** The attacks asked for; undefined leaves them to the configuration. */
function requests({
  attack,
  preset,
  steps,
  epsSweep,
}: EvaluationFlags): readonly AttackRequest[] | undefined {
  const named = attack ?? (preset === undefined ? undefined : ["autoattack"]);
  if (preset !== undefined && !named!.includes("autoattack")) {
    throw new ReatError("usage", `--preset ${preset} is for autoattack, which --attack does not list.`);
  }
  const chosen = named?.map((name) =>
    preset !== undefined && name === "autoattack" ? `autoattack-${preset}` : name,
  );
  if (steps === undefined && epsSweep === undefined) return chosen;
  const swept = (chosen ?? [ofSweep]).flatMap((name) =>
    (epsSweep ?? []).map((epsilon) => ({ name, epsilon })),
  );
  // The sweep is of the attacks named, so that these are its points alone; the curve over steps names its own.
  return [
    ...(epsSweep === undefined ? (chosen ?? []) : []),
    ...(steps ?? []).map((count) => `pgd-${count}`),
    ...swept,
  ];
}
