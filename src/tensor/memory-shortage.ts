// Reads from LibTorch's message how much memory was wanted and how much there was, and how large a batch would probably fit.

/** What an allocation failed for, in bytes; `null` where LibTorch did not say. */
export interface MemoryShortage {
  /** "cpu", "cuda:0" … */
  readonly device: string;
  readonly wanted: number | null;
  readonly free: number | null;
  readonly total: number | null;
  /** In use by tensors of this process. */
  readonly allocated: number | null;
  /** Held by this process without being in use. */
  readonly idle: number | null;
}

const units: Readonly<Record<string, number>> = {
  bytes: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const size = String.raw`(\d+(?:\.\d+)?) (bytes|[KMGT]iB)`;

function bytesOf(text: string, ...patterns: readonly string[]): number | null {
  for (const pattern of patterns) {
    const match = new RegExp(pattern.replace("SIZE", size)).exec(text);
    if (match) return Number(match[1]) * units[match[2]!]!;
  }
  return null;
}

/**
 * The shortage that a message of LibTorch tells of (1.13 and 2.x word it differently), `null` for any other message.
 */
export function memoryShortage(message: string): MemoryShortage | null {
  if (/(can't allocate|not enough) memory/.test(message)) {
    const wanted = bytesOf(message, "tried to allocate SIZE");
    return { device: "cpu", wanted, free: null, total: null, allocated: null, idle: null };
  }
  if (
    !/CUDA out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED/.test(
      message,
    )
  ) {
    return null;
  }
  const allocated = bytesOf(message, "SIZE is allocated by PyTorch", "SIZE already allocated");
  const reserved = bytesOf(message, "SIZE reserved in total by PyTorch");
  return {
    device: `cuda:${/GPU (\d+)/.exec(message)?.[1] ?? "0"}`,
    wanted: bytesOf(message, "Tried to allocate SIZE"),
    free: bytesOf(message, "of which SIZE is free", "SIZE free"),
    total: bytesOf(message, "total capacity of SIZE", "SIZE total capacity"),
    allocated,
    idle:
      bytesOf(message, "SIZE is reserved by PyTorch but unallocated") ??
      (reserved !== null && allocated !== null ? Math.max(0, reserved - allocated) : null),
  };
}

/**
 * The largest power of two that would probably fit: at most half of what did not, less where the message shows that
 * more is missing. `null` where not even one image would.
 * @param batchSize images of the batch that failed, at least 1
 */
export function likelyBatchSize(batchSize: number, shortage: MemoryShortage): number | null {
  const { wanted, free, allocated, idle } = shortage;
  let share = 0.5;
  if (wanted !== null && free !== null && allocated !== null) {
    // The step failed before its peak, so the need is a lower bound, and a tenth is left for what is not counted.
    const available = allocated + (idle ?? 0) + free;
    share = Math.min(share, (0.9 * available) / (allocated + wanted));
  }
  const fitting = Math.floor(batchSize * share);
  return fitting < 1 ? null : 2 ** Math.floor(Math.log2(fitting));
}

/** "2.0 GiB more did not fit into the 79.2 GiB of cuda:0, of which 0.5 GiB were free". */
export function describeShortage({ device, wanted, free, total }: MemoryShortage): string {
  const where =
    device === "cpu"
      ? "the machine's memory"
      : total === null
        ? `the memory of ${device}`
        : `the ${shown(total)} of ${device}`;
  const what = wanted === null ? "what the step needs" : `${shown(wanted)} more`;
  return `${what} did not fit into ${where}${free === null ? "" : `, of which ${shown(free)} were free`}`;
}

function shown(bytes: number): string {
  return bytes >= units.GiB!
    ? `${(bytes / units.GiB!).toFixed(1)} GiB`
    : `${(bytes / units.MiB!).toFixed(1)} MiB`;
}
