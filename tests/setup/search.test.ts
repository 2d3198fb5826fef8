// The search for LibTorch: its order, what it reads off a folder, and what it says where it fails.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  inspectLibTorch,
  multiarch,
  ncclIncludeDirs,
  searchLibTorch,
  systemOnednn,
  usesCxx11Abi,
  usesOpenMp,
} from "../../scripts/libtorch.mjs";
import { fakeLibTorch, fakePython, temporaryFolder, write } from "./fake-libtorch.js";

const statuses = (result: ReturnType<typeof searchLibTorch>) => result.steps.map(({ status }) => status);

describe("order of the search", () => {
  it("takes LIBTORCH before a named Python and the system", () => {
    const named = fakeLibTorch({ version: "2.1.0" });
    const env = { LIBTORCH: named, REAT_PYTHON: fakePython(fakeLibTorch()) };
    const result = searchLibTorch({ env, prefixes: [fakeLibTorch()] });
    expect(result.libtorch).toMatchObject({ prefix: named, source: "LIBTORCH", version: "2.1.0" });
    expect(statuses(result)).toEqual(["taken", "unneeded", "unneeded", "unneeded", "unneeded"]);
  });

  it("takes the PyTorch of a named Python before the system", () => {
    const torch = fakeLibTorch({ version: "2.6.0" });
    const result = searchLibTorch({ env: { REAT_PYTHON: fakePython(torch) }, prefixes: [fakeLibTorch()] });
    expect(result.libtorch).toMatchObject({ prefix: torch, source: "python", version: "2.6.0" });
    expect(statuses(result)).toEqual(["absent", "taken", "unneeded", "unneeded", "unneeded"]);
  });

  it("takes the first system prefix that holds one", () => {
    const second = fakeLibTorch({ lib: join("lib", multiarch) });
    const result = searchLibTorch({ env: {}, prefixes: [temporaryFolder(), second, fakeLibTorch()] });
    expect(result.libtorch).toMatchObject({
      prefix: second,
      source: "system",
      libDir: join(second, "lib", multiarch),
    });
    expect(statuses(result)).toEqual(["absent", "absent", "taken", "unneeded", "unneeded"]);
  });

  it("takes the PyTorch of an activated virtual environment, then that of python3, where the system has none", () => {
    const prefixes = [temporaryFolder()];
    const [activated, onPath] = [fakeLibTorch({ version: "2.6.0" }), fakeLibTorch({ version: "2.7.0" })];
    const environment = (torch: string) => {
      const folder = temporaryFolder();
      write(join(folder, "bin", "python"), `#!/bin/sh\necho '${torch}'\n`, 0o755);
      write(join(folder, "bin", "python3"), `#!/bin/sh\necho '${torch}'\n`, 0o755);
      return folder;
    };
    const [venv, other] = [environment(activated), environment(onPath)];
    const path = join(other, "bin");
    const first = searchLibTorch({ env: { VIRTUAL_ENV: venv, PATH: path }, prefixes });
    expect(first.libtorch).toMatchObject({ prefix: activated, source: "python" });
    expect(first.unnamedPython).toBe(join(venv, "bin", "python"));
    const second = searchLibTorch({ env: { VIRTUAL_ENV: environment(""), PATH: path }, prefixes });
    expect(second.libtorch).toMatchObject({ prefix: onPath, source: "python" });
    expect(second.unnamedPython).toBe(join(path, "python3"));
    expect(second.steps.at(-2)?.detail).toContain("has no torch installed");
    const system = fakeLibTorch();
    const third = searchLibTorch({ env: { VIRTUAL_ENV: venv, PATH: path }, prefixes: [system] });
    expect(third.libtorch).toMatchObject({ prefix: system, source: "system" });
    expect(third.unnamedPython).toBeUndefined();
  });

  it("answers nothing, without an error, where nothing is named and nothing found", () => {
    const empty = temporaryFolder();
    const result = searchLibTorch({ env: {}, prefixes: [empty] });
    expect(result.libtorch).toBeUndefined();
    expect(result.error).toBeUndefined();
    expect(result.steps.at(2)).toEqual({
      name: "system",
      status: "absent",
      detail: `no LibTorch under ${empty}`,
    });
  });
});

describe("a named LibTorch that cannot be used is an error, not passed over", () => {
  const prefixes = () => [fakeLibTorch()];

  it("names the parts that LIBTORCH lacks", () => {
    const broken = fakeLibTorch();
    rmSync(join(broken, "lib", "libc10.so"));
    rmSync(join(broken, "include", "torch", "csrc", "api", "include", "torch", "torch.h"));
    const result = searchLibTorch({ env: { LIBTORCH: broken }, prefixes: prefixes() });
    expect(result.libtorch).toBeUndefined();
    expect(result.error).toBe(
      `LIBTORCH: ${broken} is not a complete LibTorch, it lacks lib/libc10.so, include/torch/csrc/api/include/torch/torch.h`,
    );
    expect(statuses(result)).toEqual(["broken", "unneeded", "unneeded", "unneeded", "unneeded"]);
  });

  it("says that the folder LIBTORCH names does not exist", () => {
    const result = searchLibTorch({ env: { LIBTORCH: "/nowhere/libtorch" }, prefixes: prefixes() });
    expect(result.error).toContain("lacks the folder /nowhere/libtorch");
  });

  it("says that the named Python does not exist", () => {
    const result = searchLibTorch({ env: { REAT_PYTHON: "/nowhere/python" }, prefixes: prefixes() });
    expect(result.error).toBe("named Python: there is no Python at /nowhere/python");
  });

  it("says that the named Python has no torch", () => {
    const python = fakePython("");
    const result = searchLibTorch({ env: { REAT_PYTHON: python }, prefixes: prefixes() });
    expect(result.error).toBe(`named Python: ${python} has no torch installed`);
  });

  it("repeats what a failing Python said", () => {
    const python = write(
      join(temporaryFolder(), "python"),
      "#!/bin/sh\necho 'SyntaxError: odd' >&2; exit 1\n",
      0o755,
    );
    const result = searchLibTorch({ env: { REAT_PYTHON: python }, prefixes: prefixes() });
    expect(result.error).toBe(`named Python: ${python} did not answer: SyntaxError: odd`);
  });
});

describe("what is read off a LibTorch", () => {
  it("tells the C++11 ABI from the names in libc10.so", () => {
    const abi = (cxx11Abi: boolean) =>
      inspectLibTorch(fakeLibTorch({ cxx11Abi }), "LIBTORCH").libtorch?.cxx11Abi;
    expect(abi(true)).toBe(true);
    expect(abi(false)).toBe(false);
    expect(usesCxx11Abi(write(join(temporaryFolder(), "libc10.so"), "std::__cxx11::string"))).toBe(false);
  });

  it.each([
    ["1.13.0", 17],
    ["2.8.0", 17],
    ["2.9.0", 20],
    ["2.13.0", 20],
    ["3.0.0", 20],
  ])("compiles for LibTorch %s as C++%i", (version, standard) => {
    expect(inspectLibTorch(fakeLibTorch({ version }), "system").libtorch?.cxxStandard).toBe(standard);
  });

  it("finds the version in the header where newer ones keep it", () => {
    const prefix = fakeLibTorch({
      version: "2.13.1",
      versionHeader: join("torch", "headeronly", "version.h"),
    });
    expect(inspectLibTorch(prefix, "system").libtorch?.version).toBe("2.13.1");
  });

  it("links the GPU's libraries where there are any", () => {
    const names = (cuda: boolean) =>
      inspectLibTorch(fakeLibTorch({ cuda }), "system").libtorch?.libraries.map((path) =>
        path.split("/").at(-1),
      );
    expect(names(false)).toEqual(["libtorch.so", "libtorch_cpu.so", "libc10.so"]);
    expect(names(true)).toEqual([
      "libtorch.so",
      "libtorch_cpu.so",
      "libc10.so",
      "libtorch_cuda.so",
      "libc10_cuda.so",
    ]);
  });

  it("finds NCCL's header, and those of CUDA's libraries that go with it, beside a Python's torch before a toolkit", () => {
    const packages = temporaryFolder();
    const toolkit = temporaryFolder();
    const found = () => ncclIncludeDirs(join(packages, "torch"), [toolkit]);
    for (const name of ["cublas_v2.h", "cusparse.h", "cusolverDn.h"]) write(join(toolkit, name), "");
    expect(found()).toEqual([]);
    write(join(toolkit, "nccl.h"), "");
    expect(found()).toEqual([toolkit]);
    const beside = join(packages, "nvidia", "nccl", "include");
    write(join(beside, "nccl.h"), "");
    expect(found()).toEqual([beside, toolkit]);
  });

  it("finds the system's oneDNN where LibTorch loads it and its headers are there", () => {
    const folder = temporaryFolder();
    const headers = temporaryFolder();
    const found = () => systemOnednn(folder, headers);
    write(join(folder, "libtorch_cpu.so"), "\0libdnnl.so.2\0");
    const version = join(headers, "oneapi", "dnnl", "dnnl_version.h");
    write(version, "#define DNNL_VERSION_MAJOR 2\n");
    expect(found()).toBeUndefined();
    const library = write(join(folder, "libdnnl.so.2"), "");
    expect(found()).toBe(library);
    write(join(folder, "libtorch_cpu.so"), "\0libdnnl.so.3\0");
    expect(found()).toBeUndefined();
    write(join(folder, "libtorch_cpu.so"), "\0libdnnl.so.2\0");
    expect(found()).toBe(library);
    write(version, "#define DNNL_VERSION_MAJOR 3\n");
    expect(found()).toBeUndefined();
    rmSync(version);
    expect(found()).toBeUndefined();
  });

  it.each([
    ["\0libgomp.so.1\0", true],
    ["\0libgomp-98b21ff3.so.1\0", true],
    ["\0libiomp5.so\0", true],
    ["\0libomp.so.5\0", true],
    ["\0libtbb.so.12\0", false],
  ])("knows from the libraries that it names, %j, whether LibTorch has OpenMP: %s", (names, expected) => {
    expect(usesOpenMp(write(join(temporaryFolder(), "libtorch_cpu.so"), names))).toBe(expected);
  });

  it("gets another identity when a library is replaced", () => {
    const prefix = fakeLibTorch();
    const identity = () => inspectLibTorch(prefix, "system").libtorch?.identity;
    const before = identity();
    expect(identity()).toBe(before);
    write(join(prefix, "lib", "libtorch_cpu.so"), "another build of it");
    expect(identity()).not.toBe(before);
  });
});
