// Freed memory is kept for the next tensor, but not more of it than a good deal above what was ever in use.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const library = fileURLToPath(new URL("../../dist/tensor/index.js", import.meta.url));

/** Megabytes resident after a program in a process of its own, less those before it. */
function growth(body: string): number {
  const program = `
    import { readFileSync } from "node:fs";
    import { scope, zeros } from ${JSON.stringify(library)};
    const resident = () => Number(/VmRSS:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
    scope(() => void zeros([1]));
    const before = resident();
    ${body}
    console.log(resident() - before);`;
  const done = spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  expect(done.stderr).toBe("");
  return Number(done.stdout);
}

it("serves many sizes one after the other from little more than the largest needs", () => {
  // 64 sizes of up to 128 MiB, each freed before the next: 4 GiB in all.
  const grown = growth("for (let i = 1; i <= 64; i++) scope(() => void zeros([i * 2 ** 19]));");
  expect(grown).toBeLessThan(1.4 * 128 + 16);
});

it("keeps no more after a tensor that does not fit", () => {
  const grown = growth(`
    for (let i = 0; i < 2; i++) {
      try { scope(() => void zeros([2 ** 50])); } catch (error) { if (!/memory/i.test(error.message)) throw error; }
      for (let i = 1; i <= 64; i++) scope(() => void zeros([i * 2 ** 19]));
    }`);
  expect(grown).toBeLessThan(1.4 * 128 + 16);
});

it("keeps what was freed", () => {
  const grown = growth("for (let i = 0; i < 3; i++) scope(() => void zeros([2 ** 24]));");
  expect(grown).toBeGreaterThan(60);
  expect(grown).toBeLessThan(80);
});
