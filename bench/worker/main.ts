// Our side of a pair: receives its work, and does one repetition for each request. Requests and answers are lines of JSON.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setThreads } from "reat";
import { systemInfo } from "reat/tensor";
import { setLevers } from "#reat/nn/fast/levers.js";
import type { Switches, Work } from "../work.js";
import { prepareAttack } from "./attack.js";
import { prepareAutoAttack } from "./auto-attack.js";
import { prepareCalls } from "./calls.js";
import {
  prepareAugmentation,
  prepareLoading,
  preparePacking,
  preparePhotographs,
  preparePreparing,
} from "./data.js";
import { prepareEvaluation } from "./evaluation.js";
import { preparePeak } from "./peak.js";
import { prepareProfile } from "./profile.js";
import type { Run } from "./run.js";
import { prepareStem } from "./stem.js";
import { prepareTail } from "./tail.js";
import { prepareTileStages } from "./tile-stages.js";
import { prepareTrainStep } from "./train-step.js";
import { prepareTrainingPass } from "./training-pass.js";
import { prepareWholeTraining } from "./whole-training.js";

function prepare(work: Work): Run | Promise<Run> {
  switch (work.kind) {
    case "train-step":
      return prepareTrainStep(work);
    case "training-pass":
      return prepareTrainingPass(work);
    case "whole-training":
      return prepareWholeTraining(work);
    case "attack":
      return prepareAttack(work);
    case "evaluation":
      return prepareEvaluation(work);
    case "auto-attack":
      return prepareAutoAttack(work);
    case "tail":
      return prepareTail(work);
    case "peak":
      return preparePeak(work);
    case "stem":
      return prepareStem(work);
    case "tile-stages":
      return prepareTileStages(work);
    case "profile":
      return prepareProfile(work);
    case "calls":
      return prepareCalls(work);
    case "augmentation":
      return prepareAugmentation(work);
    case "photographs":
      return preparePhotographs(work);
    case "preparing":
      return preparePreparing(work);
    case "packing":
      return preparePacking(work);
    case "loading":
      return prepareLoading(work);
  }
}

function peakBytes(): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(line?.[1] ?? 0) * 1024;
}

let run: Run | undefined;

interface Request {
  readonly do: "prepare" | "run" | "memory";
  readonly work: Work;
  readonly threads: number;
  readonly levers: Switches;
}

async function answer(request: Request): Promise<object> {
  if (request.do === "memory") return { peakBytes: peakBytes() };
  if (request.do === "prepare") {
    setThreads(request.threads);
    setLevers(request.levers);
    run = await prepare(request.work);
    return { version: systemInfo().torchVersion };
  }
  const began = performance.now();
  const values = await run!();
  return { seconds: (performance.now() - began) / 1000, values };
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: object;
  try {
    reply = await answer(JSON.parse(line));
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
