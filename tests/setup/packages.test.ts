// Which system packages are asked for, and the one message where they cannot be installed.
import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { searchLibTorch } from "../../scripts/libtorch.mjs";
import { cannotInstall, isOffered, noLibTorchPackage, systemBlas } from "../../scripts/packages.mjs";
import { packageRoot } from "../../scripts/places.mjs";
import { fakeLibTorch, temporaryFolder, write } from "./fake-libtorch.js";

describe("the BLAS behind libblas.so.3", () => {
  it.each([
    ["openblas-openmp/libblas.so.3", "OpenBLAS (OpenMP)"],
    ["openblas-pthread/libblas.so.3", "OpenBLAS (own threads)"],
    ["blas/libblas.so.3.11.0", "reference"],
  ])("%s is %s", (target, kind) => {
    const folder = temporaryFolder();
    const path = write(join(folder, target), "");
    const link = join(folder, "libblas.so.3");
    symlinkSync(path, link);
    expect(systemBlas(link)).toEqual({ kind, path });
  });

  it("is none where the library is missing", () => {
    expect(systemBlas("/nowhere/libblas.so.3").kind).toBe("none");
  });
});

describe("a system without the package libtorch-dev", () => {
  const apt = "apt:\n  Installed: 2.7.14\n  Candidate: 2.7.14\n  Version table:\n";
  const listed = " *** 2.7.14 500\n        500 http://archive.example/ubuntu noble/main amd64 Packages\n";
  const installed = "        100 /var/lib/dpkg/status\n";
  const libtorch = `libtorch-dev:\n  Installed: (none)\n  Candidate: 2.6.0\n  Version table:\n     2.6.0 500\n${listed.split("\n")[1]}\n`;

  it.each([
    ["lists that have it", apt + listed + installed + libtorch, true],
    ["lists that do not", apt + listed + installed, false],
    ["no lists", apt + installed, undefined],
    ["no apt", "", undefined],
  ])("is told by %s", (_, policy, offered) => {
    expect(isOffered("libtorch-dev", policy)).toBe(offered);
  });

  it("is named, with the one command that brings a PyTorch", () => {
    const release = write(
      join(temporaryFolder(), "os-release"),
      'ID=ubuntu\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\n',
    );
    const { steps } = searchLibTorch({ env: { VIRTUAL_ENV: "/nowhere/venv" }, prefixes: ["/nowhere"] });
    const { message } = noLibTorchPackage(steps, release);
    expect(message).toContain("virtual environment: there is no Python at /nowhere/venv/bin/python");
    expect(message).toMatch(
      /and Ubuntu 24\.04\.1 LTS has no package libtorch-dev: PyTorch from pip brings one, `python3 -m venv \.venv && \.venv\/bin\/pip install torch && npm run setup -- --python \.venv\/bin\/python`\.$/,
    );
  });
});

describe("where packages cannot be installed", () => {
  const setUp = (programs: string[], env: Record<string, string>) => {
    const path = temporaryFolder();
    for (const name of programs) write(join(path, name), "#!/bin/sh\nexit 1\n", 0o755);
    return spawnSync(
      process.execPath,
      [join(packageRoot, "scripts", "setup.mjs"), "--no-apt", "--addon-only"],
      {
        encoding: "utf8",
        env: { PATH: path, HOME: temporaryFolder(), ...env },
      },
    );
  };

  it("says in one line what a build needs and the command that brings it", () => {
    const done = setUp(["apt-get", "make"], { LIBTORCH: fakeLibTorch() });
    expect(done.stdout).toBe("");
    expect(done.stderr).toBe(
      "✗ A build needs cmake, g++: run `sudo apt-get install cmake g++`, then set up again.\n",
    );
    expect(done.status).toBe(1);
  });

  it("names the packages where there is no apt", () => {
    const done = setUp(["g++", "ninja"], { LIBTORCH: fakeLibTorch() });
    expect(done.stderr).toBe(
      "✗ A build needs cmake: install the counterparts of Debian's cmake with this system's package manager, then set up again.\n",
    );
    expect(done.status).toBe(1);
  });

  it("tells where LibTorch was looked for when none was found", () => {
    const { steps } = searchLibTorch({ env: {}, prefixes: ["/nowhere"] });
    const { message } = cannotInstall(["libtorch-dev"], undefined, steps);
    expect(message).toMatch(
      /^No LibTorch was found \(LIBTORCH: not set; named Python: none named .*; system: no LibTorch under \/nowhere; virtual environment: none is activated; python3: not on the PATH\)/,
    );
    expect(message).toContain("or set LIBTORCH to the folder of an unpacked LibTorch");
    expect(message).not.toContain("\n");
  });

  it("fails with the reason where LIBTORCH is broken, whatever else is there", () => {
    const done = setUp([], { LIBTORCH: temporaryFolder() });
    expect(done.stderr).toMatch(/^✗ LIBTORCH: .* is not a complete LibTorch, it lacks lib\/libtorch_cpu\.so/);
    expect(done.status).toBe(1);
  });
});
