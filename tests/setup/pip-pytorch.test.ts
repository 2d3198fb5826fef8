// The way in through pip, as docs/systems.md shows it: a virtual environment, PyTorch, the set-up, a training.
//
// It fetches a PyTorch and compiles the addon, so it runs only where REAT_TEST_PYTHON names a Python to start from, as in
// `REAT_TEST_PYTHON=python3 npx vitest run tests/setup/pip-pytorch.test.ts`; REAT_TEST_TORCH (default: torch==2.13.0) is what pip is asked for.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";
import { commandsOf, markedBlocks } from "../marked-blocks.js";
import { needing } from "../skipped.js";
import { temporaryFolder, write } from "./fake-libtorch.js";

const python = process.env.REAT_TEST_PYTHON;
const wanted = process.env.REAT_TEST_TORCH ?? "torch==2.13.0";

const [block] = markedBlocks("docs/systems.md").filter(({ mark }) => mark === "pip");

/** A copy of the checkout that builds in a folder of its own. */
function checkoutCopy(): string {
  const folder = temporaryFolder();
  for (const name of ["bin", "native", "scripts", "package.json", "package-lock.json", "src"]) {
    cpSync(join(packageRoot, name), join(folder, name), { recursive: true });
  }
  for (const name of ["tsconfig.json", "tsconfig.build.json"])
    cpSync(join(packageRoot, name), join(folder, name));
  cpSync(join(packageRoot, "dist"), join(folder, "dist"), { recursive: true });
  for (const name of ["configs", "node_modules"]) symlinkSync(join(packageRoot, name), join(folder, name));
  return folder;
}

it("the page shows the commands of the way through pip, and so does the README", () => {
  const commands = block ? commandsOf(block) : [];
  expect(commands.map((command) => command.split(" ")[0])).toEqual(["python3", ".venv/bin/pip", "npm"]);
  const shown = markedBlocks("README.md").find(({ lines }) =>
    lines.some((line) => line.includes("pip install torch")),
  );
  expect(shown && commandsOf(shown)).toEqual(commands);
});

const title = needing(python !== undefined, `with ${wanted} from pip`, "REAT_TEST_PYTHON names no Python");
describe.skipIf(python === undefined)(title, { timeout: 1_800_000 }, () => {
  it("set-up, doctor and a training work", () => {
    const folder = checkoutCopy();
    const programs = temporaryFolder();
    write(join(programs, "python3"), `#!/bin/sh\nexec "${python}" "$@"\n`, 0o755);
    const { REAT_ADDON: _, LIBTORCH: __, REAT_PYTHON: ___, ...env } = process.env;
    const run = (command: string) => {
      const done = spawnSync("bash", ["-euo", "pipefail", "-c", command], {
        cwd: folder,
        encoding: "utf8",
        env: { ...env, PATH: `${programs}:${env.PATH}` },
      });
      return { command, status: done.status, text: `${done.stdout}${done.stderr}` };
    };
    for (const command of block ? commandsOf(block) : []) {
      expect(run(command.replace("install torch", `install ${wanted}`))).toMatchObject({ status: 0 });
    }
    const version = wanted.split("==")[1] ?? "";
    const doctor = run("node bin/reat.js doctor");
    expect(doctor).toMatchObject({ status: 0, text: expect.stringContaining(`LibTorch ${version}`) });
    const short = "--set training.epochs=1 --set data.subset.maxPerClass=20 --set evaluation.images=20";
    expect(run(`node bin/reat.js train quickstart-reat --name pip ${short}`)).toMatchObject({ status: 0 });
    expect(existsSync(join(folder, "runs", "pip", "report.html"))).toBe(true);
  });
});
