// Switches of what makes networks faster without changing what they compute.

/** Each is on by default; off, the plain path runs. Results agree to rounding. */
export interface Levers {
  /** In modes "frozen" and "fast", batch normalisation is part of the convolution before it. */
  readonly foldBatchNorm: boolean;
  /** Feature maps lie in memory as the architecture prefers on a CPU; off: always channels first. */
  readonly channelsLast: boolean;
  /**
   * In modes "frozen" and "fast", feature maps lie in blocks of sixteen channels, as oneDNN convolves them (x86 with
   * AVX-512, Debian's LibTorch) and as convolutions in tiles want them; the convolutions are the same.
   */
  readonly blockedMaps: boolean;
  /** In mode "fast", convolutions of maps in blocks are Winograd's, in tiles (x86 with AVX2). */
  readonly winograd: boolean;
  /**
   * Convolutions in tiles, and folded ones on a GPU, add shortcuts and apply ReLU on the way; off: each is an operation of its
   * own.
   */
  readonly fuseActivations: boolean;
  /**
   * In modes "train" and "batch", convolutions are Winograd's, in tiles, their weights' gradients too, and batch normalisation and ReLU
   * are done on their way in and out. Needs `blockedMaps` and `winograd`.
   */
  readonly trainingTiles: boolean;
  /** On a GPU, training steps are recorded once and repeated. */
  readonly recordedSteps: boolean;
}

const levers = {
  foldBatchNorm: true,
  channelsLast: true,
  blockedMaps: true,
  winograd: true,
  fuseActivations: true,
  trainingTiles: true,
  recordedSteps: true,
};

/** The switches as they are. They hold for the whole process. */
export function currentLevers(): Levers {
  return { ...levers };
}

/** Sets some of the switches. @returns a function that sets them back */
export function setLevers(wanted: Partial<Levers>): () => void {
  const before = { ...levers };
  Object.assign(levers, wanted);
  return () => {
    Object.assign(levers, before);
  };
}
