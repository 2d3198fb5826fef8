// LibTorch's words for exhausted memory and a failing GPU, of several versions, and what is made of them.
import { describe, expect, it } from "vitest";
import { asTensorError } from "../../src/tensor/errors.js";
import {
  batchFailure,
  DeviceError,
  likelyBatchSize,
  memoryShortage,
  OutOfMemoryError,
  TensorError,
  zeros,
} from "../../src/tensor/index.js";

const [mebi, gibi] = [2 ** 20, 2 ** 30];

// As the allocators of 1.13, 2.13 and the CPU word it.
const words = {
  old: "CUDA out of memory. Tried to allocate 2.00 GiB (GPU 1; 79.15 GiB total capacity; 76.00 GiB already allocated; 512.00 MiB free; 77.50 GiB reserved in total by PyTorch) If reserved memory is >> allocated memory try setting max_split_size_mb to avoid fragmentation.",
  new: "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 1 has a total capacity of 79.15 GiB of which 512.00 MiB is free. Including non-PyTorch memory, this process has 78.60 GiB memory in use. Of the allocated memory 76.00 GiB is allocated by PyTorch, and 1.50 GiB is reserved by PyTorch but unallocated. If reserved but unallocated memory is large try setting PYTORCH_ALLOC_CONF=expandable_segments:True to avoid fragmentation.",
  cpu: "[enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 34359738368 bytes. Error code 12 (Cannot allocate memory)",
};

function thrown(message: string): unknown {
  try {
    asTensorError(() => {
      throw new Error(message);
    });
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("memory that ran out", () => {
  it.each(["old", "new"] as const)("is read from the %s words of a GPU", (version) => {
    expect(memoryShortage(words[version])).toEqual({
      device: "cuda:1",
      wanted: 2 * gibi,
      free: 512 * mebi,
      total: 79.15 * gibi,
      allocated: 76 * gibi,
      idle: 1.5 * gibi,
    });
  });

  it("is read from the words of the CPU's allocator", () => {
    const facts = { wanted: 32 * gibi, free: null, total: null, allocated: null, idle: null };
    expect(memoryShortage(words.cpu)).toEqual({ device: "cpu", ...facts });
  });

  it("is an error of its own where an operation meets it, without LibTorch's help", () => {
    // 4 EiB are more than any machine maps.
    expect(() => zeros([2 ** 30, 2 ** 30])).toThrow(OutOfMemoryError);
    expect(() => zeros([2 ** 30, 2 ** 30])).toThrow(expect.objectContaining({ code: "memory" }));
  });

  it.each([
    "CUDA error: out of memory",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
  ])("is told from %s, which names no figures", (message) => {
    expect(thrown(message)).toBeInstanceOf(OutOfMemoryError);
    expect(memoryShortage(message)).toMatchObject({ device: "cuda:0", wanted: null, free: null });
  });

  it("is not seen in other messages", () => {
    expect(memoryShortage("The size of tensor a (3) must match the size of tensor b (4)")).toBeNull();
    expect(thrown("expected 2 dimensions")).not.toBeInstanceOf(OutOfMemoryError);
    expect(thrown("expected 2 dimensions")).toBeInstanceOf(TensorError);
  });
});

describe("the batch that would probably fit", () => {
  const facts = { device: "cuda:0", total: 80 * gibi, free: 0, allocated: 70 * gibi, idle: 0 };

  it("is the power of two at or below half of one that missed little", () => {
    expect(likelyBatchSize(128, { ...facts, wanted: gibi })).toBe(64);
    expect(likelyBatchSize(100, { ...facts, wanted: gibi })).toBe(32);
  });

  it("is smaller where much was missing", () => {
    // 70 of 280 GiB, a tenth aside: 0.225 of 128 is 28.8.
    expect(likelyBatchSize(128, { ...facts, wanted: 210 * gibi })).toBe(16);
  });

  it("is half where LibTorch gave no figures, and none below one image", () => {
    const unknown = { device: "cpu", wanted: null, total: null, free: null, allocated: null, idle: null };
    expect(likelyBatchSize(64, unknown)).toBe(32);
    expect(likelyBatchSize(1, unknown)).toBeNull();
  });
});

describe("the sentence for a batch that failed", () => {
  it("names the batch size, what was missing and what would fit", () => {
    const where = "In epoch 2, batch 3 of 98";
    const failure = batchFailure(thrown(words.new), { where, batchSize: 128, kept: true });
    expect(failure).toMatchObject({ code: "memory" });
    expect(failure?.message).toBe(
      "In epoch 2, batch 3 of 98: memory ran out with batches of 128 images (2.0 GiB more did not fit into the 79.2 GiB of cuda:1, of which 512.0 MiB were free); batches of 64 would probably fit; the last checkpoint is kept.",
    );
  });

  it("says that nothing smaller is left than one image", () => {
    const failure = batchFailure(thrown(words.cpu), { where: "In pgd-20, batch 1 of 9", batchSize: 1 });
    expect(failure?.message).toBe(
      "In pgd-20, batch 1 of 9: memory ran out with batches of 1 images (32.0 GiB more did not fit into the machine's memory); a smaller network or image is needed.",
    );
  });

  it("tells of a GPU that failed, without the advice for LibTorch's developers", () => {
    const said =
      "CUDA error: an illegal memory access was encountered Search for `cudaErrorIllegalAddress' in https://docs.nvidia.com/ for more information. CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect. For debugging consider passing CUDA_LAUNCH_BLOCKING=1 Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.";
    expect(thrown(said)).toBeInstanceOf(DeviceError);
    const failure = batchFailure(thrown(said), {
      where: "In epoch 1, batch 7 of 9",
      batchSize: 8,
      kept: true,
    });
    expect(failure).toMatchObject({ code: "device" });
    expect(failure?.message).toBe(
      "In epoch 1, batch 7 of 9: the GPU failed (CUDA error: an illegal memory access was encountered); the last checkpoint is kept, and a new process can continue from it.",
    );
  });

  it("leaves other errors to others", () => {
    expect(batchFailure(thrown("expected 2 dimensions"), { where: "", batchSize: 8 })).toBeNull();
  });
});
