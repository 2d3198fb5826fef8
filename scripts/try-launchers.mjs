// Trains with the launchers that are there and compares every run's weights with those of one process: Slurm (set up here as a cluster
// of one machine), Open MPI, torchrun, and two network namespaces as two machines. For Linux, as root: it needs slurm-wlm, munge,
// openmpi-bin and iproute2; REAT_TORCHRUN names a torchrun. Usage: node scripts/try-launchers.mjs [names of checks]
import { spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readCheckpoint } from "reat/training";
import { packageRoot } from "./places.mjs";

const folder = mkdtempSync(join(tmpdir(), "reat-launchers-"));
const program = [process.execPath, join(packageRoot, "bin", "reat.js")];
const runs = join(folder, "runs");
const daemons = [];
const config = join(folder, "base.yaml");
writeFileSync(
  config,
  `data: { source: "synthetic", subset: { profile: exponential, imbalance: 4, maxPerClass: 40 } }
model: { architecture: smallcnn }
method: { name: pgd-at, attack: { steps: 3 } }
training: { epochs: 12, batchSize: 16, shards: 2, milestones: [], evaluationAttack: pgd-1, evaluationImages: 10, select: last, evaluateEvery: 12, checkpointEvery: { batches: 3 } }
evaluation: { attacks: [pgd-2], images: 40, batchSize: 10 }
threads: 1
`,
);

const env = { ...process.env, NO_COLOR: "1", SLURM_CONF: join(folder, "slurm.conf") };

function call(command, args, extra = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    cwd: folder,
    env,
    ...extra,
  });
  if (error || status !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${status ?? error}: ${stderr}${stdout}`);
  return stdout.trim();
}

/** Starts something that goes on; `ended` is its code and what it said. */
function start(command, args, extra = {}) {
  const child = spawn(command, args, { cwd: folder, env, ...extra });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (said += chunk));
  const ended = new Promise((resolve) => child.on("close", (code) => resolve({ code, said })));
  return { child, ended, said: () => said };
}

const train = (name, ...more) => ["train", config, "--name", name, "--runs", runs, ...more];

/** SHA-256 of a run's weights, and its evaluation. */
async function outcome(path) {
  const { parts } = await readCheckpoint(join(path, "checkpoints", "last.safetensors"));
  const hash = createHash("sha256");
  for (const [name, { bytes }] of [...parts.model].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(name).update(bytes);
  return hash.digest("hex");
}

async function requireSame(name, wanted, path = join(runs, name)) {
  const got = await outcome(path);
  if (got !== wanted) throw new Error(`${name} has other weights than one process: ${got}`);
}

async function until(what, holds, seconds = 120) {
  const end = Date.now() + 1000 * seconds;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${seconds} s`);
    await sleep(200);
  }
}

const epochsOf = (path) =>
  existsSync(join(path, "metrics.jsonl"))
    ? readFileSync(join(path, "metrics.jsonl"), "utf8").split('"type":"epoch"').length - 1
    : 0;

async function startSlurm() {
  const key = join(folder, "munge.key");
  writeFileSync(key, randomBytes(1024), { mode: 0o400 });
  const at = (name) => join(folder, name);
  for (const name of ["state", "spool"]) mkdirSync(at(name));
  const socket = at("munge.socket");
  call("munged", [
    `--key-file=${key}`,
    `--socket=${socket}`,
    `--pid-file=${at("munge.pid")}`,
    `--log-file=${at("munge.log")}`,
    `--seed-file=${at("munge.seed")}`,
    "--force",
  ]);
  daemons.push(() => process.kill(Number(readFileSync(at("munge.pid"), "utf8"))));
  writeFileSync(
    env.SLURM_CONF,
    `ClusterName=reat
SlurmctldHost=${hostname()}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=${socket}
SlurmUser=root
SlurmdUser=root
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=${at("state")}
SlurmdSpoolDir=${at("spool")}
SlurmctldPidFile=${at("slurmctld.pid")}
SlurmdPidFile=${at("slurmd.pid")}
SlurmctldLogFile=${at("slurmctld.log")}
SlurmdLogFile=${at("slurmd.log")}
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
JobRequeue=1
ReturnToService=2
NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=${cpus().length} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
  );
  for (const name of ["slurmctld", "slurmd"]) {
    const { child, said } = start(name, ["-D"]);
    daemons.push(() => child.kill("SIGTERM"));
    child.on("exit", (code) => code && process.stderr.write(`${name} ended with ${code}: ${said()}\n`));
  }
  await until(
    "an idle node",
    () => spawnSync("sinfo", ["-h", "-o", "%T"], { env, encoding: "utf8" }).stdout.trim() === "idle",
    40,
  );
}

/** Starts a job that waits only because it was requeued a moment ago. */
function hurry(job) {
  spawnSync("scontrol", ["update", `jobid=${job}`, "StartTime=now"], { env });
}

const checks = {
  async srun(wanted) {
    call("srun", ["-n2", ...program, ...train("srun")]);
    await requireSame("srun", wanted);
    call("srun", ["-n2", ...program, "eval", join(runs, "srun"), "--attack", "pgd-3", "--images", "40"]);
  },
  async sweep() {
    writeFileSync(join(folder, "seeds.yaml"), "base: base.yaml\nseeds: [1, 2]\nslurm: { ntasks: 2 }\n");
    call(program[0], [program[1], "sweep", "seeds.yaml", "--local", "--runs", join(folder, "here")]);
    call(program[0], [program[1], "sweep", "seeds.yaml", "--runs", runs]);
    const at = join(runs, "sweeps", "seeds");
    const job = call("sbatch", ["--parsable", join(at, "sweep.sbatch")]);
    // The first is requeued by hand, the second is asked to stop, as it is before its time is over.
    const tasks = [
      { path: join(at, "seed-1"), end: () => call("scontrol", ["requeue", `${job}_0`]) },
      { path: join(at, "seed-2"), end: () => call("scancel", ["--signal=TERM", `${job}_1`]) },
    ];
    for (const [index, { path, end }] of tasks.entries()) {
      await until(`epoch 3 of task ${index}`, () => {
        hurry(`${job}_0`);
        return epochsOf(path) >= 3;
      });
      end();
    }
    await until(
      "the end of the array",
      () => {
        for (const index of [0, 1]) hurry(`${job}_${index}`);
        return spawnSync("squeue", ["-h", "-j", job], { env, encoding: "utf8" }).stdout.trim() === "";
      },
      240,
    );
    const status = JSON.parse(
      call(program[0], [program[1], "sweep", "status", "seeds.yaml", "--runs", runs, "--json"]),
    );
    const states = status.map(({ state }) => state).join(", ");
    if (states !== "done, done") throw new Error(`the sweep's runs are: ${states}`);
    for (const seed of [1, 2]) {
      await requireSame(
        `seed-${seed}`,
        await outcome(join(folder, "here", "sweeps", "seeds", `seed-${seed}`)),
        join(at, `seed-${seed}`),
      );
      const starts =
        readFileSync(join(at, `seed-${seed}`, "metrics.jsonl"), "utf8").split('"type":"start"').length - 1;
      if (starts < 2) throw new Error(`seed-${seed} was not interrupted`);
    }
  },
  async mpirun(wanted) {
    call("mpirun", [
      "--allow-run-as-root",
      "--oversubscribe",
      "-n",
      "2",
      "-x",
      "MASTER_ADDR=127.0.0.1",
      "-x",
      "MASTER_PORT=29611",
      ...program,
      ...train("mpirun"),
    ]);
    await requireSame("mpirun", wanted);
  },
  async torchrun(wanted) {
    const torchrun = process.env.REAT_TORCHRUN ?? "torchrun";
    const { child, ended } = start(torchrun, [
      "--no-python",
      "--nproc-per-node",
      "2",
      "--max-restarts",
      "1",
      "--master-port",
      "29621",
      ...program,
      ...train("torchrun"),
    ]);
    await until("epoch 4", () => epochsOf(join(runs, "torchrun")) >= 4);
    const workers = call("pgrep", ["-P", String(child.pid)]).split("\n");
    process.kill(Number(workers.at(-1)), "SIGKILL");
    const { code, said } = await ended;
    if (code !== 0) throw new Error(`torchrun ended with ${code}: ${said}`);
    if (!/Process \d of 2 lost process \d while/.test(said)) throw new Error(`no process was named: ${said}`);
    await requireSame("torchrun", wanted);
  },
  async namespaces(wanted) {
    const ip = (...args) => call("ip", args);
    const spaces = ["reat-a", "reat-b"];
    daemons.push(() => spaces.map((space) => spawnSync("ip", ["netns", "delete", space])));
    for (const space of spaces) ip("netns", "add", space);
    ip(
      "link",
      "add",
      "reat-a0",
      "netns",
      "reat-a",
      "type",
      "veth",
      "peer",
      "name",
      "reat-b0",
      "netns",
      "reat-b",
    );
    for (const [at, space] of spaces.entries()) {
      ip("-n", space, "addr", "add", `10.77.0.${at + 1}/24`, "dev", `${space}0`);
      for (const device of [`${space}0`, "lo"]) ip("-n", space, "link", "set", device, "up");
    }
    const ended = await Promise.all(
      spaces.map((space, rank) => {
        const own = {
          ...env,
          RANK: String(rank),
          WORLD_SIZE: "2",
          MASTER_ADDR: "10.77.0.1",
          MASTER_PORT: "29631",
        };
        return start("ip", ["netns", "exec", space, ...program, ...train("namespaces")], { env: own }).ended;
      }),
    );
    const failed = ended.find(({ code }) => code !== 0);
    if (failed) throw new Error(failed.said);
    await requireSame("namespaces", wanted);
  },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in checks));
if (unknown.length > 0) {
  rmSync(folder, { recursive: true });
  process.stderr.write(
    `There is no check ${unknown.join(", ")}; accepted: ${Object.keys(checks).join(", ")}.\n`,
  );
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  process.stderr.write("This needs root, for Slurm's daemons and for network namespaces.\n");
  process.exit(2);
}
const slurm = ["munged", "slurmctld", "slurmd", "sbatch"];
const needs = {
  ...{ srun: slurm, sweep: slurm, mpirun: ["mpirun"], namespaces: ["ip"] },
  torchrun: [process.env.REAT_TORCHRUN ?? "torchrun"],
};
const chosen = (asked.length > 0 ? asked : Object.keys(checks)).filter((name) => {
  const absent = needs[name].filter(
    (command) => spawnSync("sh", ["-c", 'command -v "$0"', command]).status !== 0,
  );
  if (absent.length > 0)
    process.stdout.write(`– ${name} is left out: ${absent.join(", ")} is not installed\n`);
  return absent.length === 0;
});
process.on("exit", () => {
  for (const end of daemons.reverse()) {
    try {
      end();
    } catch {
      // It has ended by itself.
    }
  }
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
let failures = 0;
call(program[0], [program[1], ...train("alone")]);
const wanted = await outcome(join(runs, "alone"));
process.stdout.write(`one process: weights ${wanted.slice(0, 16)}\n`);
if (chosen.some((name) => name === "srun" || name === "sweep")) await startSlurm();
for (const name of chosen) {
  const began = performance.now();
  try {
    await checks[name](wanted);
    process.stdout.write(`✓ ${name} (${((performance.now() - began) / 1000).toFixed(0)} s)\n`);
  } catch (error) {
    failures += 1;
    process.stdout.write(`✗ ${name}: ${error.message}\n`);
  }
}
if (failures === 0) rmSync(folder, { recursive: true, force: true });
else process.stdout.write(`what the checks left: ${folder}\n`);
process.exit(failures > 0 ? 1 : 0);
