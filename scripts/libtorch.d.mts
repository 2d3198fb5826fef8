// Types of libtorch.mjs for the library, which is compiled apart from these scripts.

export interface LibTorch {
  readonly prefix: string;
  readonly source: "LIBTORCH" | "python" | "system";
  /** Version of its headers, such as "1.13.0". */
  readonly version: string;
  readonly libDir: string;
  readonly includeDirs: readonly string[];
  /** Full paths of the libraries to link. */
  readonly libraries: readonly string[];
  readonly cxx11Abi: boolean;
  readonly cxxStandard: 17 | 20;
  /** Whether it ships libraries for a GPU. */
  readonly cuda: boolean;
  /** The folder of CUDA's headers, if they are found; without it no CUDA graphs are captured. */
  readonly cudaIncludes: readonly string[];
  /** Folders of NCCL's header and of those that go with it; without them several GPUs exchange tensors through the CPUs' memory. */
  readonly ncclIncludes: readonly string[];
  /** Whether it contains an OpenMP that GNU's compiler can call. */
  readonly openmp: boolean;
  /** Whether it has process groups over Gloo. */
  readonly distributed: boolean;
  /** The system's oneDNN 2, if it loads that and the headers are installed. The addon calls it directly for some convolutions. */
  readonly onednn: string | undefined;
  /** Changes when other libraries are installed in the same place. */
  readonly identity: string;
}

export interface SearchStep {
  readonly name: "LIBTORCH" | "named Python" | "system" | "virtual environment" | "python3";
  readonly status: "taken" | "absent" | "broken" | "unneeded";
  readonly detail: string;
}

export interface SearchOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder of a LibTorch; goes before the environment's LIBTORCH. */
  readonly libtorch?: string | undefined;
  /** A Python whose torch is wanted; goes before the environment's REAT_PYTHON. */
  readonly python?: string | undefined;
  /** Where the system's LibTorch is looked for. */
  readonly prefixes?: readonly string[];
}

export interface SearchResult {
  readonly steps: readonly SearchStep[];
  readonly libtorch: LibTorch | undefined;
  /** Why a named LibTorch cannot be used. */
  readonly error: string | undefined;
  /** The Python whose PyTorch was found without having been named. */
  readonly unnamedPython: string | undefined;
}

export const multiarch: string;
export const systemPrefixes: readonly string[];
export function searchLibTorch(options?: SearchOptions): SearchResult;
export function inspectLibTorch(
  prefix: string,
  source: LibTorch["source"],
): { readonly libtorch?: LibTorch; readonly missing?: readonly string[] };
export function ncclIncludeDirs(prefix: string, toolkits: readonly string[]): string[];
export function cudaIncludeDirs(
  prefix: string,
  env?: Readonly<Record<string, string | undefined>>,
  systemToolkits?: readonly string[],
): readonly string[];
export function usesOpenMp(library: string): boolean;
export function systemOnednn(libraryFolder: string, headers?: string): string | undefined;
export function usesCxx11Abi(library: string): boolean;
export function describeLibTorch(libtorch: Pick<LibTorch, "version" | "source" | "prefix" | "cuda">): string;
