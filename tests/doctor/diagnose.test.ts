// The diagnosis of this very machine, on which the other tests run and so training works.
import { describe, expect, it } from "vitest";
import { diagnose } from "../../src/doctor/index.js";
import { systemInfo } from "../../src/tensor/index.js";

describe("diagnose", () => {
  it("finds an installation that can train, and tells its parts", async () => {
    const { rows, ok } = await diagnose();
    const detail = (name: string) => rows.find((row) => row.name === name)?.detail;
    expect(rows.filter((row) => row.ok === false)).toEqual([]);
    expect(ok).toBe(true);
    expect(detail("LibTorch")).toContain(systemInfo().torchVersion);
    expect(detail("Autograd")).toBe("computes a matrix product and its gradient");
    expect(detail("Threads")).toMatch(new RegExp(`^${systemInfo().threads} for operators`));
    expect(detail("CUDA")).toMatch(systemInfo().cudaDeviceCount > 0 ? /^yes: / : /^no: /);
  });

  it("is not well with a broken LIBTORCH, and says which parts are missing", async () => {
    const { rows, ok } = await diagnose({ env: { ...process.env, LIBTORCH: "/nowhere" } });
    expect(ok).toBe(false);
    const broken = rows.find((row) => row.name === "Search: LIBTORCH");
    expect(broken).toMatchObject({ ok: false });
    expect(broken?.detail).toContain("lacks the folder /nowhere");
  });

  it("still reports the rest where the addon does not exist", async () => {
    const { rows, ok } = await diagnose({ env: { ...process.env, REAT_ADDON: "/nowhere/reat_native.node" } });
    expect(ok).toBe(false);
    expect(rows.find((row) => row.name === "Addon")?.detail).toBe("/nowhere/reat_native.node does not exist");
    expect(rows.map((row) => row.name)).toEqual(expect.arrayContaining(["Node", "Cores", "Memory", "Disk"]));
  });
});
