// A process that runs cases one after the other, as its parent asks for them.
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setThreads } from "reat";
import { Random } from "../random.js";
import type { Format, Outcome } from "./case.js";
import { formatNamed } from "./formats/index.js";
import { guardProcesses } from "./guard.js";
import type { Order, Report } from "./messages.js";
import { costOf, layOut, readAndJudge, watchWarnings } from "./trial.js";

const folder = process.argv[2]!;
const prepared = new Set<Format>();

const tell = (report: Report): void => {
  process.send!(report);
};

async function prepare(name: string): Promise<Format> {
  const format = formatNamed(name);
  if (!prepared.has(format)) await format.prepare?.();
  prepared.add(format);
  return format;
}

/** A case by its number: the same seed and number are the same files. */
async function generated(format: Format, seed: number, number: number): Promise<void> {
  const sample = await format.make(new Random(seed, number));
  let expected: string | undefined;
  if (sample.expects !== "any") {
    layOut(folder, sample.reference!);
    expected = await format.read(folder);
  }
  layOut(folder, sample.files);
  tell({ type: "begun", what: sample.what });
  const [outcome, cost] = await costOf(() => readAndJudge(format, folder, sample.expects, expected));
  tell({ type: "done", outcome, cost });
}

/** A case that was found before and lies in a folder. */
async function kept(format: Format, path: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(path, "files"), folder, { recursive: true });
  const { ends, says } = JSON.parse(readFileSync(join(path, "case.json"), "utf8")) as {
    ends: Outcome["verdict"];
    says?: string;
  };
  tell({ type: "begun", what: path });
  const [outcome, cost] = await costOf(() => readAndJudge(format, folder, "any", undefined));
  const asKept = outcome.verdict === ends && outcome.message.includes(says ?? "");
  const other = `it is ${outcome.verdict} (${outcome.message}) and should be ${ends} (${says ?? ""})`;
  tell({
    ...{ type: "done", cost },
    outcome:
      outcome.verdict === "found" || asKept
        ? outcome
        : { verdict: "found", fault: "read wrong", message: other },
  });
}

setThreads(1);
let guarded = false;
process.on("message", async (order: Order) => {
  try {
    if (order.type === "prepare") {
      for (const name of order.formats) await prepare(name);
      // What prepares may ask git for a revision; what reads may start nothing.
      guardProcesses();
      watchWarnings();
      guarded = true;
      tell({ type: "ready" });
      return;
    }
    if (!guarded) throw new Error("the worker is not prepared");
    const format = await prepare(order.format);
    if (order.type === "kept") await kept(format, order.path);
    else await generated(format, order.seed, order.number);
  } catch (error) {
    // The fuzzer itself failed: that is no verdict on a reader.
    tell({ type: "failed", message: (error as Error).stack ?? String(error) });
  }
});
