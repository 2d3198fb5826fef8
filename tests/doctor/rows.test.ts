// What the doctor concludes from facts: reasons for no CUDA, mixtures of libraries, the BLAS in use.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inspectLibTorch, searchLibTorch } from "../../scripts/libtorch.mjs";
import { addonRows, searchRows } from "../../src/doctor/build.js";
import { type CudaFacts, cudaRow, nvidiaDriver } from "../../src/doctor/cuda.js";
import { blasRow, convolutionsRow, mappedLibraries, mixtureRow } from "../../src/doctor/libraries.js";
import { coreQuota, nodeRow } from "../../src/doctor/machine.js";
import { processesRow } from "../../src/doctor/processes.js";
import { fakeLibTorch, temporaryFolder, write } from "../setup/fake-libtorch.js";

describe("CUDA, yes or no and why", () => {
  const facts: CudaFacts = {
    torchVersion: "2.6.0",
    hasCuda: true,
    deviceCount: 0,
    driver: "550.54.15",
    visibleDevices: undefined,
    config: "  - CUDA Runtime 12.4\n",
  };
  it.each([
    [{ deviceCount: 2 }, true, "yes: 2 devices, CUDA 12.4, driver 550.54.15"],
    [{ hasCuda: false, driver: undefined }, null, "no: LibTorch 2.6.0 is built without CUDA"],
    [{ hasCuda: false }, null, "built without CUDA, though the NVIDIA driver 550.54.15 is loaded"],
    [{ driver: undefined }, null, "built with CUDA, but no NVIDIA driver is loaded"],
    [{ visibleDevices: "-1" }, null, 'CUDA_VISIBLE_DEVICES="-1" hides every device'],
    [{ visibleDevices: "0" }, null, "driver 550.54.15 is loaded, but no device can be used"],
  ])("%j", (changed, ok, detail) => {
    const row = cudaRow({ ...facts, ...changed });
    expect(row.ok).toBe(ok);
    expect(row.detail).toContain(detail);
  });

  it("reads the driver's version from the kernel", () => {
    const file = write(
      join(temporaryFolder(), "version"),
      "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version: 12\n",
    );
    expect(nvidiaDriver(file)).toBe("550.54.15");
    expect(nvidiaDriver("/nowhere/version")).toBeUndefined();
  });
});

describe("libraries of this process", () => {
  it("reads shared libraries from the kernel's list of mappings", () => {
    const maps = [
      "7f00-7f01 r--p 00000000 08:01 1   /opt/a b/lib/libc10.so",
      "7f01-7f02 r-xp 00001000 08:01 1   /opt/a b/lib/libc10.so",
      "7f02-7f03 rw-p 00000000 00:00 0   [heap]",
      "7f03-7f04 r--p 00000000 08:01 2   /usr/lib/libblas.so.3",
    ].join("\n");
    expect(mappedLibraries(maps)).toEqual(["/opt/a b/lib/libc10.so", "/usr/lib/libblas.so.3"]);
  });

  it("accepts one LibTorch and refuses two", () => {
    const one = ["/usr/lib/libtorch.so.1.13", "/usr/lib/libtorch_cpu.so.1.13", "/usr/lib/libc10.so.1.13"];
    expect(mixtureRow(one)).toMatchObject({ ok: true, detail: "/usr/lib, and nowhere else" });
    const two = mixtureRow([...one, "/opt/torch/lib/libc10.so"]);
    expect(two).toMatchObject({ ok: false, detail: "a mixture: /usr/lib and /opt/torch/lib" });
    expect(two.hint).toContain("LD_LIBRARY_PATH");
    expect(mixtureRow([]).ok).toBe(false);
  });

  it.each([
    ["/usr/lib/blas/libblas.so.3.11.0", "", null, "the reference BLAS"],
    ["/usr/lib/openblas-openmp/libblas.so.3", "", true, "OpenBLAS (/usr/lib"],
    ["/usr/lib/openblas-pthread/libblas.so.3", "", true, "its own threads"],
    ["/opt/mkl/libmkl_core.so.2", "", true, "/opt/mkl/libmkl_core.so.2"],
    ["/usr/lib/libm.so.6", "BLAS_INFO=mkl, BUILD_TYPE=Release", true, "mkl, within LibTorch"],
    ["/usr/lib/libm.so.6", "", null, "unknown"],
  ])("%s with build settings '%s'", (library, config, ok, detail) => {
    const row = blasRow([library], config);
    expect(row.ok).toBe(ok);
    expect(row.detail).toContain(detail);
  });
});

describe("the search and the addon", () => {
  it("fails for a broken named LibTorch, not for places that were not named", () => {
    const absent = searchRows(searchLibTorch({ env: {}, prefixes: ["/nowhere"] }));
    expect(absent.map(({ ok }) => ok)).toEqual([null, null, null, null, null, null]);
    expect(absent.at(-1)?.hint).toContain("apt-get install libtorch-dev");
    const broken = searchRows(searchLibTorch({ env: { LIBTORCH: "/nowhere" }, prefixes: [] }));
    expect(broken.map(({ ok }) => ok)).toEqual([false, null, null, null, null]);
  });

  it("names the set-up where the addon is not built", () => {
    const { rows, loads } = addonRows(undefined, {});
    expect(loads).toBe(false);
    expect(rows).toEqual([{ name: "Addon", ok: false, detail: "not built", hint: "run `npx reat setup`" }]);
  });

  it("tells why an addon does not load, and when its LibTorch was replaced", () => {
    const prefix = fakeLibTorch({ version: "2.5.1" });
    const libtorch = inspectLibTorch(prefix, "LIBTORCH").libtorch;
    if (!libtorch) throw new Error("the fake LibTorch is incomplete");
    const addon = write(join(temporaryFolder(), "reat_native.node"), "not a library");
    const active = { addon, key: "0", libtorch, builtAt: "2026-01-02T00:00:00.000Z" };
    const before = addonRows(active, {});
    expect(before.loads).toBe(false);
    expect(before.rows[0]?.ok).toBe(false);
    expect(before.rows[0]?.detail).toMatch(/reat_native\.node: .*(file too short|invalid ELF header)/);
    expect(before.rows[1]).toMatchObject({
      ok: true,
      detail: `LibTorch 2.5.1 (LIBTORCH, ${prefix}), 2026-01-02`,
    });
    writeFileSync(join(prefix, "lib", "libc10.so"), "replaced");
    expect(addonRows(active, {}).rows[1]).toMatchObject({ ok: null, hint: "run `npx reat setup`" });
  });
});

describe("several processes", () => {
  it.each([
    [["Gloo"], false, true, "work together over Gloo"],
    [["Gloo", "NCCL"], true, true, "work together over Gloo and NCCL"],
    [["Gloo"], true, null, "through the CPUs' memory"],
    [[], false, null, "no: this LibTorch"],
  ] as const)("over %j, with CUDA %s", (backends, hasCuda, ok, detail) => {
    const row = processesRow(backends, hasCuda);
    expect(row).toMatchObject({ ok, detail: expect.stringContaining(detail) });
    expect(row.hint !== undefined).toBe(detail.includes("CPUs'"));
  });
});

describe("convolutions", () => {
  const oneDnn = ["/usr/lib/libdnnl.so.2.6"];
  it.each([
    ["avx512", true, oneDnn, "(Winograd's, AVX-512) where examples are made, oneDNN's in blocks", undefined],
    ["avx512", false, oneDnn, "AVX-512", "libdnnl-dev"],
    ["avx512", false, ["/opt/torch/lib/libtorch_cpu.so"], "AVX-512", undefined],
    ["avx2", false, oneDnn, "(Winograd's, AVX2) where examples are made", undefined],
    ["", false, oneDnn, "LibTorch's own", undefined],
  ] as const)("tiles %j, blocks %s beside %j", (tiles, blocks, libraries, detail, hint) => {
    const row = convolutionsRow({ tiles, blocks }, libraries);
    expect(row).toMatchObject({ ok: true, detail: expect.stringContaining(detail) });
    if (hint === undefined) expect(row.hint).toBeUndefined();
    else expect(row.hint).toContain(hint);
  });
});

describe("the machine", () => {
  it.each([
    ["18.19.0", false],
    ["20.14.9", false],
    ["20.15.0", true],
    ["24.1.0", true],
  ])("Node %s", (version, ok) => {
    expect(nodeRow(version).ok).toBe(ok);
  });

  it("reads the limit of a container", () => {
    const file = join(temporaryFolder(), "cpu.max");
    expect(coreQuota(write(file, "150000 100000\n"))).toBe(1.5);
    expect(coreQuota(write(file, "max 100000\n"))).toBeUndefined();
    expect(coreQuota("/nowhere/cpu.max")).toBeUndefined();
  });
});
