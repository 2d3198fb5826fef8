// What the operators of training in tiles share: means and variances of maps, the way back through them, and checks of operands.
#pragma once

#include "tile_norm.h"

#include <optional>

namespace reat {

using torch::autograd::variable_list;

inline int64_t pixelsOf(const at::Tensor& maps) { return maps.size(0) * maps.size(2) * maps.size(3); }

struct Moments {
  at::Tensor mean, variance;
};

// From sums of [blocks, 2, 16] of maps less `centre`.
inline Moments momentsOf(const std::vector<double>& sums, const float* centre, int64_t channels, int64_t pixels) {
  const at::Tensor mean = at::empty({channels}, at::kDouble), variance = at::empty_like(mean);
  for (int64_t c = 0; c < channels; ++c) {
    const int64_t place = c / kTileBlock * 2 * kTileBlock + c % kTileBlock;
    const double first = sums[place] / pixels, second = sums[place + kTileBlock] / pixels;
    mean.data_ptr<double>()[c] = (centre == nullptr ? 0 : centre[c]) + first;
    // Not below zero, and NaN where the maps are.
    const double difference = second - first * first;
    variance.data_ptr<double>()[c] = difference < 0 ? 0 : difference;
  }
  return {mean, variance};
}

// What the gradients of mean and variance add to that of the maps, which is the same for all pixels but for a multiple of the maps.
struct MomentGradients {
  std::vector<float> shift, otherScale;

  MomentGradients(const at::Tensor& ofMean, const at::Tensor& ofVariance, const at::Tensor& mean, int64_t pixels)
      : shift(mean.size(0)), otherScale(mean.size(0)) {
    for (int64_t c = 0; c < mean.size(0); ++c) {
      const double slope = ofVariance.defined() ? 2 * ofVariance.data_ptr<double>()[c] / pixels : 0;
      const double constant = ofMean.defined() ? ofMean.data_ptr<double>()[c] / pixels : 0;
      otherScale[c] = static_cast<float>(slope);
      shift[c] = static_cast<float>(constant - slope * mean.data_ptr<double>()[c]);
    }
  }
  TileMix mix(const at::Tensor& maps) const { return {nullptr, shift.data(), dataOf(maps), otherScale.data(), false}; }
};

inline std::optional<TileNorm> normOf(const variable_list& tensors, size_t begin, double eps) {
  if (!tensors[begin].defined()) return std::nullopt;
  return TileNorm{tensors[begin], tensors[begin + 1], tensors[begin + 2], tensors[begin + 3], eps};
}

inline at::Tensor orUndefined(const OptionalTensor& tensor) { return tensor ? *tensor : at::Tensor(); }

inline void checkMaps(const at::Tensor& maps, const char* name) {
  TORCH_CHECK(tileKernels() != nullptr, name, " needs a processor with AVX2");
  TORCH_CHECK(maps.dim() == 5 && maps.size(4) == kTileBlock && maps.numel() > 0, name, " takes maps [N, C/16, H, W, 16]");
  TORCH_CHECK(maps.device().is_cpu() && maps.scalar_type() == at::kFloat, name, " works on float32 on the CPU");
}

// All four of a norm for the channels of `maps`, or none.
inline bool checkNorm(const at::Tensor& maps, const OptionalTensor& mean, const OptionalTensor& variance, const OptionalTensor& weight,
               const OptionalTensor& bias, const char* name) {
  const int64_t given = mean.has_value() + variance.has_value() + weight.has_value() + bias.has_value();
  TORCH_CHECK(given == 0 || given == 4, name, " takes mean, variance, weight and bias of a norm together");
  if (given == 0) return false;
  for (const auto& [tensor, type] : {std::pair(*mean, at::kDouble), {*variance, at::kDouble}, {*weight, at::kFloat}, {*bias, at::kFloat}})
    TORCH_CHECK(tensor.dim() == 1 && tensor.size(0) == maps.size(1) * kTileBlock && tensor.scalar_type() == type && tensor.device().is_cpu() &&
                    tensor.is_contiguous(),
                name, " takes a norm of as many channels as the maps have, its mean and variance in float64");
  return true;
}

inline void checkEstimate(const OptionalTensor& estimate, int64_t channels, const char* name) {
  TORCH_CHECK(!estimate || (estimate->dim() == 1 && estimate->size(0) == channels && estimate->is_contiguous() &&
                            estimate->scalar_type() == at::kFloat && !estimate->requires_grad()),
              name, " takes an estimate of the means, one for each channel, without a gradient");
}

}  // namespace reat
