// What the operators of convolutions in tiles have in common.
#pragma once

#include "engine.h"
#include "tile_convolution.h"

namespace reat {

constexpr int64_t kTileBlock = 16;

inline int64_t blocksOf(int64_t channels) { return (channels + kTileBlock - 1) / kTileBlock; }

inline float* dataOf(const at::Tensor& tensor) { return tensor.defined() ? tensor.data_ptr<float>() : nullptr; }

// What suits this processor; null where nothing does.
const TileKernels* tileKernels();

// [O, C, k, k] to what the kernels take, for one direction.
at::Tensor preparedWeight(const at::Tensor& weight, TileGeometry geometry);

// The convolution on all threads. With sums they are added up chunk by chunk, [outBlocks, 2, 16]; otherwise there are none.
std::vector<double> convolve(TileGeometry geometry, const TileShape& shape, TileOperands operands, bool withSums = false);

// The sum of parts of `size` that lie one after the other.
std::vector<double> summed(const std::vector<double>& parts, int64_t size);

}  // namespace reat
