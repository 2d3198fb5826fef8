// Which shared libraries this process really uses: a mixture of LibTorches, and the BLAS behind matrix products.
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { DiagnosisRow } from "./row.js";

/** Paths of the shared libraries mapped into this process. */
export function mappedLibraries(maps = readFileSync("/proc/self/maps", "utf8")): string[] {
  const paths = new Set<string>();
  for (const line of maps.split("\n")) {
    const path = /\s(\/\S.*)$/.exec(line)?.[1];
    if (path && /\.so(\.|$)/.test(basename(path))) paths.add(path);
  }
  return [...paths];
}

/** Libraries of two LibTorches in one process crash it sooner or later. */
export function mixtureRow(libraries: readonly string[]): DiagnosisRow {
  const ofTorch = libraries.filter((path) =>
    /^lib(torch|torch_cpu|torch_cuda|c10|c10_cuda)\.so/.test(basename(path)),
  );
  const folders = [...new Set(ofTorch.map((path) => dirname(path)))];
  if (folders.length === 0) return { name: "Loaded from", ok: false, detail: "no LibTorch is loaded" };
  if (folders.length === 1)
    return { name: "Loaded from", ok: true, detail: `${folders[0]}, and nowhere else` };
  return {
    name: "Loaded from",
    ok: false,
    detail: `a mixture: ${folders.join(" and ")}`,
    hint: "unset LD_LIBRARY_PATH and LD_PRELOAD, then run `npx reat setup --force`",
  };
}

/** How frozen networks convolve. */
export interface ConvolutionSupport {
  /** What convolutions in tiles use, where examples are made; "" where there are none. */
  readonly tiles: "avx512" | "avx2" | "";
  /** Whether oneDNN convolves maps in blocks, where examples are judged. */
  readonly blocks: boolean;
}

/** Which fast convolutions are there. */
export function convolutionsRow(
  { tiles, blocks }: ConvolutionSupport,
  libraries: readonly string[],
): DiagnosisRow {
  const name = "Convolutions";
  const instructions = tiles === "avx512" ? "AVX-512" : "AVX2";
  const made =
    tiles === ""
      ? "LibTorch's own: those in tiles need an x86 processor with AVX2, GNU's compiler and a LibTorch with OpenMP"
      : `in tiles (Winograd's, ${instructions}) where examples are made`;
  const judged = blocks ? ", oneDNN's in blocks where they are judged" : "";
  const canHave =
    tiles === "avx512" && !blocks && libraries.some((path) => /^libdnnl\.so\.2/.test(basename(path)));
  return {
    name,
    ok: true,
    detail: made + judged,
    ...(canHave && {
      hint: "`sudo apt-get install libdnnl-dev` and `npx reat setup` make evaluations a little faster",
    }),
  };
}

/**
 * @param config LibTorch's own account of its build, which names a BLAS that is linked into it
 */
export function blasRow(libraries: readonly string[], config: string): DiagnosisRow {
  const name = "BLAS";
  const interfaceLibrary = libraries.find((path) => /^libblas\.so/.test(basename(path)));
  const openblas = libraries.find((path) => /^libopenblas/.test(basename(path)));
  const other = libraries.find((path) => /^lib(mkl_|blis|atlas|nvpl_blas|armpl)/.test(basename(path)));
  if (interfaceLibrary && /openblas-pthread/.test(interfaceLibrary)) {
    return {
      name,
      ok: true,
      detail: `OpenBLAS with its own threads (${interfaceLibrary}), held to one: more of them would spin on the cores of LibTorch's threads`,
      hint: "`libopenblas0-openmp` in its place shares LibTorch's threads",
    };
  }
  if (interfaceLibrary && /openblas/.test(interfaceLibrary)) {
    return { name, ok: true, detail: `OpenBLAS (${interfaceLibrary})` };
  }
  if (interfaceLibrary && /mkl|blis|atlas/.test(interfaceLibrary))
    return { name, ok: true, detail: interfaceLibrary };
  if (interfaceLibrary) {
    return {
      name,
      ok: null,
      detail: `the reference BLAS (${interfaceLibrary}), which is slower by a factor of ten to fifty`,
      hint: "`sudo apt-get install libopenblas0-openmp`",
    };
  }
  if (openblas) return { name, ok: true, detail: `OpenBLAS (${openblas})` };
  if (other) return { name, ok: true, detail: other };
  const within = /BLAS_INFO=(\w+)/.exec(config)?.[1];
  if (within) return { name, ok: true, detail: `${within}, within LibTorch` };
  return { name, ok: null, detail: "unknown: no BLAS library is loaded and LibTorch names none" };
}
