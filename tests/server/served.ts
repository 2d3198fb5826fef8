// Runs `reat ui` as a child process, in a folder of made-up runs.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../bin/reat.js", import.meta.url));

/** A running dashboard. */
export interface Served {
  readonly address: string;
  readonly child: ChildProcess;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

/** @param folder that holds `runs/` @param port 0 for any */
export function serve(folder: string, port = 0, env: Record<string, string> = {}): Promise<Served> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, "ui", "--port", String(port)], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    const ended = new Promise<void>((done) => child.on("exit", () => done()));
    let errors = "";
    child.stderr.on("data", (text: Buffer) => {
      errors += text.toString();
    });
    child.stdout.on("data", (text: Buffer) => {
      const address = /http:\S+/.exec(text.toString())?.[0];
      if (!address) return;
      const kill = async () => {
        child.kill("SIGKILL");
        await ended;
      };
      resolve({ address, child, kill });
    });
    void ended.then(() => reject(new Error(errors)));
  });
}

/** Many small finished runs: of each method some with other seeds. */
export function manyRuns(folder: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const [method, seed] = [["pgd-at", "reat", "trades"][i % 3]!, Math.floor(i / 3) % 5];
    const rate = [0.1, 0.05, 0.01][Math.floor(i / 15) % 3]!;
    const run = join(folder, `${method}-${rate}-${String(i).padStart(4, "0")}`);
    mkdirSync(run, { recursive: true });
    const name = `${method}-lr${rate}-s${seed}-${i}`;
    writeFileSync(
      join(run, "config.yaml"),
      `name: ${name}\nmethod:\n  name: ${method}\ntraining:\n  learningRate: ${rate}\n  epochs: 4\nseeds:\n  order: ${seed}\nbatch: ${Math.floor(i / 45)}\n`,
    );
    const report = (accuracy: number) => ({ accuracy, balanced: accuracy, groups: { tail: accuracy / 2 } });
    const robust = 0.2 + (i % 17) / 100;
    const events = [
      { type: "start", time: "2026-01-01T00:00:00Z", epochs: 4, batchesPerEpoch: 2, resumedFrom: null },
      { type: "epoch", epoch: 4, seconds: 3, loss: 1.5, learningRate: rate },
      { type: "evaluation", epoch: 4, split: "test", clean: report(0.6), robust: report(robust), seconds: 1 },
      { type: "end", seconds: 12, best: null },
    ];
    writeFileSync(join(run, "metrics.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  }
}
