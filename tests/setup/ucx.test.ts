// What UCX is told before LibTorch is loaded, wherever that happens.
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { restrainUcx } from "../../scripts/ucx.mjs";

it("is told to leave signals and memory alone, unless the user has decided", () => {
  expect(restrainUcx({})).toEqual({ UCX_DEBUG_SIGNO: "0", UCX_MEM_EVENTS: "n" });
  expect(restrainUcx({ UCX_MEM_EVENTS: "y" })).toEqual({ UCX_DEBUG_SIGNO: "0", UCX_MEM_EVENTS: "y" });
});

it("rewrites no function of the C library in a process that loads LibTorch", () => {
  const script = `const { systemInfo } = await import(${JSON.stringify(new URL("../../dist/tensor/index.js", import.meta.url).href)});
    console.log(systemInfo().torchVersion, process.env.UCX_MEM_EVENTS);`;
  const env = { ...process.env, UCX_MEM_LOG_LEVEL: "debug" };
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    env,
  });
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\S* n\n$/)]);
  expect(`${stdout}${stderr}`).not.toMatch(/installing .* hook/);
});
