// Batch normalisation of feature maps with running statistics.
import { ReatError } from "../errors.js";
import { batchNorm, noGrad, ones, type Tensor, type TensorOptions, zeros } from "../tensor/index.js";
import { Layer } from "./module.js";
import { sharedStatistics } from "./shared-statistics.js";
import type { TileNorm } from "./tile-norm.js";

/** The fraction by which running statistics move towards the batch's. */
const momentum = 0.1;

/**
 * Normalises each channel of [N, channels, H, W] (Ioffe and Szegedy 2015). The batch is normalised by its biased
 * variance; the running variance is the unbiased one, as in PyTorch.
 */
export class BatchNorm extends Layer {
  /** Added to the variance. */
  readonly eps = 1e-5;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  /** Batches seen in training: int64, no dimensions. */
  readonly batchesTracked: Tensor;

  constructor(channels: number, options: Pick<TensorOptions, "device"> = {}) {
    super();
    this.weight = this.parameter("weight", ones([channels], options));
    this.bias = this.parameter("bias", zeros([channels], options));
    this.runningMean = this.buffer("running_mean", zeros([channels], options));
    this.runningVar = this.buffer("running_var", ones([channels], options));
    this.batchesTracked = this.buffer("num_batches_tracked", zeros([], { ...options, dtype: "int64" }));
  }

  /** @throws ReatError `numerics` where the batch's statistics would be of one value per channel */
  override forward(input: Tensor): Tensor {
    const { weight, bias, mode, eps } = this;
    const training = mode === "train" || mode === "batch";
    const group = training ? sharedStatistics() : null;
    if (training && !group) requireSeveralValues(input.shape);
    if (mode === "train") this.batchesTracked.add_(1);
    const [runningMean, runningVar] = mode === "batch" ? [null, null] : [this.runningMean, this.runningVar];
    const state = { weight, bias, runningMean, runningVar, momentum, eps };
    // The losses that attacks take gradients of are sums, those of training steps means.
    return group
      ? group.batchNorm(input, { ...state, meanLoss: mode === "train" })
      : batchNorm(input, { ...state, training });
  }

  /** The norm by running statistics. */
  fixed(): TileNorm {
    const { weight, bias, eps } = this;
    return {
      mean: this.runningMean.to("float64"),
      variance: this.runningVar.to("float64"),
      ...{ weight, bias, eps },
    };
  }

  /**
   * The norm of maps [N, channels/16, H, W, 16] whose mean and biased variance [channels] are known, float64 both; running statistics
   * move as in `forward`.
   * @throws ReatError as `forward`
   */
  inTraining({ shape }: Tensor, mean: Tensor, variance: Tensor): TileNorm {
    const { weight, bias, eps, mode } = this;
    if (mode !== "train" && mode !== "batch") return this.fixed();
    const [count, blocks, height, width, lanes] = shape as [number, number, number, number, number];
    requireSeveralValues([count, blocks * lanes, height, width]);
    if (mode === "train") {
      const values = count * height * width;
      this.batchesTracked.add_(1);
      noGrad(() => {
        this.runningMean.lerp_(mean.to("float32"), momentum);
        this.runningVar.lerp_(variance.mul(values / (values - 1)).to("float32"), momentum);
      });
    }
    return { mean, variance, weight, bias, eps };
  }
}

function requireSeveralValues(shape: readonly number[]): void {
  // Nearly always decided by the first number.
  if (shape[0] !== 1 || shape.slice(2).some((size) => size !== 1)) return;
  throw new ReatError(
    "numerics",
    `A batch of one image and maps of one pixel, [${shape}], leave batch normalisation one value per channel, whose variance is not a number; accepted are batches of at least two images.`,
  );
}
