// `reat ui`: a page about all runs, live, on this machine alone.
import { spawn } from "node:child_process";
import { type Command, InvalidArgumentError } from "commander";
import { abortOnInterrupt } from "./interrupt.js";
import { note, print } from "./terminal.js";

interface UiOptions {
  readonly port?: number;
  readonly open?: true;
}

export function addUi(program: Command): void {
  program
    .command("ui")
    .summary("watch, compare and try runs in the browser, offline")
    .description(
      "Serves a page about every run below a folder, live while they train: table, curves, comparisons, images; starts evaluations " +
        "and attacks images dropped on it. It answers on this machine alone, to whoever has the address that it prints.",
    )
    .argument("[runs]", "folder of runs, or of one run", "runs")
    .option("--port <n>", "port; 0 takes any that is free (default: 6006)", portNumber)
    .option("--open", "open the page in the browser")
    .addHelpText(
      "after",
      `
From another machine: ssh -L 6006:127.0.0.1:6006 that-machine, then the address that was printed.

Examples:
  reat ui
  reat ui experiments/ --port 8080 --open`,
    )
    .action(serve);
}

async function serve(runs: string, { port, open }: UiOptions): Promise<void> {
  // Only this command needs the server, whose packages would make every other one start later and open more files.
  const { startDashboard } = await import("../server/index.js");
  const dashboard = await startDashboard({ runs, port, token: process.env.REAT_UI_TOKEN || undefined });
  print(dashboard.address);
  note("Ctrl-C ends it; jobs that it started are stopped.");
  if (open) openInBrowser(dashboard.address);
  const signal = abortOnInterrupt("closing…");
  await new Promise<void>((ended) => signal.addEventListener("abort", () => ended()));
  await dashboard.close();
}

function openInBrowser(address: string): void {
  const child = spawn("xdg-open", [address], { stdio: "ignore", detached: true });
  child.on("error", () => note("There is no xdg-open here: open the address yourself."));
  child.unref();
}

function portNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) {
    throw new InvalidArgumentError("It takes a port: a whole number from 0 to 65535.");
  }
  return value;
}
