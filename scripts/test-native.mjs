// Tests the kernels on tiles by themselves, under the address and undefined-behaviour sanitizers, for each kind of processor that this one
// can stand in for. Needs GNU's compiler with its sanitizers; nothing of LibTorch.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "./places.mjs";
import { findProgram, runQuietly, SetupError } from "./processes.mjs";

const processors = [
  { name: "avx512", flag: "avx512f", kernels: "tileKernelsAvx512" },
  { name: "avx2", flag: "avx2", kernels: "tileKernelsAvx2" },
];

/** @returns whether all held */
function test({ name, flag, kernels }, compiler, folder) {
  const program = join(folder, name);
  const sources = [
    join(packageRoot, "tests", "native", "tile_kernels_test.cc"),
    join(packageRoot, "native", `tile_kernels_${name}.cc`),
  ];
  runQuietly(`compiling the kernels for ${name}`, compiler, [
    ...["-std=c++17", "-O1", "-g", `-m${flag}`, "-mfma"],
    ...["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
    ...["-DREAT_TILES", `-DREAT_KERNELS=${kernels}`, "-I", join(packageRoot, "native")],
    ...[...sources, "-o", program],
  ]);
  process.stdout.write(`${name}: `);
  return spawnSync(program, { stdio: ["ignore", "inherit", "inherit"] }).status === 0;
}

const flags = readFileSync("/proc/cpuinfo", "utf8");
const folder = mkdtempSync(join(tmpdir(), "reat-native-"));
try {
  const compiler = findProgram("g++", "c++");
  if (!compiler)
    throw new SetupError("The kernels' tests need GNU's C++ compiler, and there is none on the PATH.");
  const able = processors.filter(
    ({ flag }) => new RegExp(`\\b${flag}\\b`).test(flags) && /\bfma\b/.test(flags),
  );
  if (able.length === 0)
    throw new SetupError("This processor runs none of the kernels: they need AVX2 with FMA, or AVX-512.");
  for (const { name } of processors.filter((one) => !able.includes(one)))
    console.log(`${name}: not tested, this processor has no such instructions`);
  if (!able.map((one) => test(one, compiler, folder)).every(Boolean)) process.exitCode = 1;
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
