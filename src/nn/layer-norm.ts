// Normalisation of each vector of features by itself.
import { layerNorm, ones, type Tensor, type TensorOptions, zeros } from "../tensor/index.js";
import { Layer } from "./module.js";

/** Normalises the last dimension [..., size] by its own mean and biased variance (Ba et al. 2016). */
export class LayerNorm extends Layer {
  /** Added to the variance; that of the published vision transformers and ConvNeXts. */
  readonly eps = 1e-6;
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(size: number, options: Pick<TensorOptions, "device"> = {}) {
    super();
    this.weight = this.parameter("weight", ones([size], options));
    this.bias = this.parameter("bias", zeros([size], options));
  }

  override forward(input: Tensor): Tensor {
    return layerNorm(input, this.weight, this.bias, this.eps);
  }

  /** As `forward`, over the channels of maps [N, size, H, W]. */
  forwardMaps(maps: Tensor): Tensor {
    return this.forward(maps.permute([0, 2, 3, 1])).permute([0, 3, 1, 2]);
  }
}
