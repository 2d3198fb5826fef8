// Finds and loads the compiled addon: the only file that touches it.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { restrainUcx } from "../../scripts/ucx.mjs";
import { ReatError } from "../errors.js";

/** What the addon tells about one operator of LibTorch. */
export interface OperatorInfo {
  readonly index: number;
  readonly arguments: readonly string[];
  /** Whether the results are tensor handles rather than plain values. */
  readonly tensors: boolean;
  /** Whether the result is the first argument, changed. */
  readonly inPlace: boolean;
}

/** What the loaded LibTorch is and can do. */
export interface SystemInfo {
  /** LibTorch's version at compile time, for example "1.13.0". */
  readonly torchVersion: string;
  readonly cxx11Abi: boolean;
  /** LibTorch's own account of how it was built. */
  readonly config: string;
  readonly threads: number;
  /** Whether this LibTorch was built with CUDA. */
  readonly hasCuda: boolean;
  readonly cudaDeviceCount: number;
  /** Whether the addon was built with CUDA's headers, and so can capture graphs. */
  readonly cudaGraphs: boolean;
  /** LibTorch's words for why a build with CUDA can use no device; empty where it can, or where they are not known. */
  readonly cudaProblem: string;
}

/** Blocks of 4 MiB and more of the CPU's memory; zero where freed memory is not kept. */
export interface LargeBlocks {
  /** Of tensors that are alive. */
  readonly inUseBytes: number;
  /** Of tensors that were freed, held for the next ones. */
  readonly keptBytes: number;
}

export type NativeResult = number | boolean | string | null | undefined | NativeResult[];

/** The addon's functions. Tensors and generators are handles: numbers that only the addon can resolve. */
export interface NativeAddon {
  findOperator(name: string, overload: string): OperatorInfo;
  call(operator: number, handleBits: number, ...args: readonly unknown[]): NativeResult;
  createTensor(data: ArrayBufferView, dtype: string, shape: readonly number[], device: string): number;
  readTensor(handle: number): ArrayBuffer;
  writeTensor(handle: number, data: ArrayBufferView): void;
  item(handle: number): number | boolean;
  shape(handle: number): number[];
  dtype(handle: number): string;
  device(handle: number): string;
  dispose(handle: number): boolean;
  liveTensors(): number;
  grad(
    outputs: readonly number[],
    inputs: readonly number[],
    gradOutputs: readonly (number | null)[],
    retainGraph: boolean,
    createGraph: boolean,
    allowUnused: boolean,
  ): (number | null)[];
  setRequiresGrad(handle: number, requiresGrad: boolean): void;
  requiresGrad(handle: number): boolean;
  isGradEnabled(): boolean;
  setGradEnabled(enabled: boolean): void;
  pushInferenceMode(enabled: boolean): void;
  popInferenceMode(): void;
  createGenerator(device: string, seed: number): number;
  generatorState(handle: number): number;
  setGeneratorState(handle: number, state: number): void;
  seedGenerator(handle: number, seed: number): void;
  disposeGenerator(handle: number): boolean;
  threads(): number;
  setThreads(count: number): void;
  /** False where the C library cannot. */
  keepFreedMemory(): boolean;
  largeBlocks(): LargeBlocks;
  systemInfo(): SystemInfo;
  synchronize(device: string): void;
  setFloat32Precision(precision: string): void;
  pushAutocast(device: string, dtype: string, enabled: boolean, cache: boolean): void;
  popAutocast(): void;
  openSideStream(device: string): void;
  closeSideStream(): void;
  beginCapture(generators: readonly number[]): void;
  endCapture(): number;
  abandonCapture(): void;
  replayGraph(graph: number): void;
  disposeGraph(graph: number): boolean;
  deviceMemory(device: string): DeviceMemory;
  /** Absent, as the eight that follow, where LibTorch has no process groups. */
  openGroup?(
    host: string,
    port: number,
    rank: number,
    size: number,
    address: string,
    milliseconds: number,
  ): Promise<number>;
  closeGroup?(group: number): Promise<void>;
  allReduce?(group: number, tensor: number): Promise<void>;
  broadcast?(group: number, tensor: number, root: number): Promise<void>;
  allGather?(group: number, tensor: number): Promise<number>;
  barrier?(group: number): Promise<void>;
  rollCall?(group: number): Promise<readonly number[]>;
  sharedBatchNorm?(
    group: number,
    input: number,
    weight: number,
    bias: number,
    runningMean: number | null,
    runningVar: number | null,
    momentum: number,
    eps: number,
    meanLoss: boolean,
  ): number;
  /** Whether groups share tensors on CUDA too, over NCCL. */
  readonly sharesCuda?: boolean;
  releaseCachedMemory(): void;
}

/** A GPU's memory in bytes. */
export interface DeviceMemory {
  readonly free: number;
  readonly total: number;
  /** In use by tensors of this process, now and at most so far. */
  readonly allocated: number;
  readonly peak: number;
  /** Taken from the device by this process, in use or not. */
  readonly reserved: number;
}

interface ActiveBuild {
  /** From the folder of the record. */
  readonly addon: string;
  readonly key: string;
  readonly libtorch: { readonly prefix: string; readonly source: string; readonly version: string };
}

const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Where the user has no home, the package's own folder is the only place. */
function cacheFolder(): string | null {
  if (process.env.REAT_CACHE) return process.env.REAT_CACHE;
  try {
    return join(homedir(), ".cache", "reat");
  } catch {
    return null;
  }
}

function activeBuild(): ActiveBuild {
  const cache = cacheFolder();
  const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
    version: string;
  };
  for (const folder of [packageRoot, ...(cache === null ? [] : [join(cache, version)])]) {
    const native = join(folder, "build", "native");
    const record = join(native, "active.json");
    if (!existsSync(record)) continue;
    const active = JSON.parse(readFileSync(record, "utf8")) as ActiveBuild;
    // A record with a full path is older, and may have been copied along with a checkout: its own addon lies beside it.
    const addon = isAbsolute(active.addon)
      ? join(native, active.key, "reat_native.node")
      : join(native, active.addon);
    return { ...active, addon };
  }
  throw new ReatError("environment", "The LibTorch addon has not been built yet: run `npx reat setup`.");
}

function addonPath(): string {
  if (process.env.REAT_ADDON) return process.env.REAT_ADDON;
  const active = activeBuild();
  const named = process.env.LIBTORCH;
  if (named && resolve(named) !== resolve(active.libtorch.prefix)) {
    throw new ReatError(
      "environment",
      `The addon was built against LibTorch ${active.libtorch.version} in ${active.libtorch.prefix}, but LIBTORCH names ${named}: run \`npx reat setup\`.`,
    );
  }
  if (!existsSync(active.addon)) {
    throw new ReatError("environment", `The LibTorch addon ${active.addon} is gone: run \`npx reat setup\`.`);
  }
  if (!existsSync(active.libtorch.prefix)) {
    const option = optionFor[active.libtorch.source];
    throw new ReatError(
      "environment",
      `The LibTorch ${active.libtorch.version} that the addon was built against is no longer in ${active.libtorch.prefix}: run \`npx reat setup${option ? ` ${option}` : ""}\`.`,
    );
  }
  return active.addon;
}

/** How the set-up is told where a LibTorch has gone that an option or a search found. */
const optionFor: Readonly<Record<string, string>> = {
  python: "--python <its new place>",
  LIBTORCH: "--libtorch <its new place>",
};

/**
 * GNU OpenMP lets idle threads spin 300,000 turns before they sleep, which takes cores from any other busy process. 20,000
 * cost nothing on an idle machine; that they help beside others is only shown for 1,000, which is slower on an idle one
 * (docs/benchmarks.md). It is read when the library is loaded, and left alone where the user has decided.
 */
function limitSpinning(): void {
  if (process.env.OMP_WAIT_POLICY === undefined) process.env.GOMP_SPINCOUNT ??= "20000";
}

/**
 * glibc gives large freed blocks back to the system, and fresh pages cost a fault each: without this, an attack's pass over
 * 128 images with ResNet-18 takes 340,000 faults and a fifth longer. REAT_KEEP_MEMORY=0 leaves LibTorch's allocator as it is.
 */
function keepFreedMemory(addon: NativeAddon): void {
  if (process.env.REAT_KEEP_MEMORY !== "0") addon.keepFreedMemory();
}

/** A limit of the shell is not mended by building anew. */
function wayOn(reason = ""): string {
  if (/failed to map segment|cannot allocate memory/i.test(reason)) {
    return "its libraries need more memory or address space than this process may have (`ulimit -v`)";
  }
  if (/too many open files/i.test(reason)) return "more open files are needed than are allowed (`ulimit -n`)";
  return "run `npx reat doctor`, then `npx reat setup --force`";
}

let loaded: NativeAddon | undefined;

/** OMP_NUM_THREADS where it is set, as every OpenMP program has it; otherwise all cores. */
function defaultThreads(): number {
  const named = Number(process.env.OMP_NUM_THREADS);
  return Number.isInteger(named) && named > 0 ? named : availableParallelism();
}

/**
 * The addon, loaded on first use with LibTorch's thread count set to all cores (Debian's default is one) unless
 * OMP_NUM_THREADS says otherwise.
 * @throws ReatError `environment` when it is not built or cannot be loaded.
 */
export function native(): NativeAddon {
  if (loaded) return loaded;
  const path = addonPath();
  limitSpinning();
  restrainUcx();
  let addon: NativeAddon;
  try {
    addon = createRequire(import.meta.url)(path) as NativeAddon;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new ReatError("environment", `The LibTorch addon cannot be loaded (${reason}): ${wayOn(reason)}.`, {
      cause,
    });
  }
  addon.setThreads(defaultThreads());
  keepFreedMemory(addon);
  loaded = addon;
  return addon;
}
