// Batch normalisation as convolutions in tiles take it in: a factor and a shift for each channel.
#pragma once

#include "tile_operators.h"

namespace reat {

// Normalisation of maps of C channels, C a multiple of 16: their mean and biased variance [C] in float64, weight and bias [C].
struct TileNorm {
  at::Tensor mean, variance, weight, bias;
  double eps;
};

// What kernels take of a norm, [C] each: maps · scale + shift are the normalised maps; `centre` is their mean.
struct NormFactors {
  std::vector<float> scale, shift, centre;

  explicit NormFactors(const TileNorm& norm) : scale(norm.mean.size(0)), shift(scale.size()), centre(scale.size()) {
    const double *mean = norm.mean.data_ptr<double>(), *variance = norm.variance.data_ptr<double>();
    const float *weight = norm.weight.data_ptr<float>(), *bias = norm.bias.data_ptr<float>();
    for (size_t c = 0; c < scale.size(); ++c) {
      const double factor = weight[c] / std::sqrt(variance[c] + norm.eps);
      scale[c] = static_cast<float>(factor);
      shift[c] = static_cast<float>(bias[c] - mean[c] * factor);
      centre[c] = static_cast<float>(mean[c]);
    }
  }
  TileMix mix(bool relu) const { return {scale.data(), shift.data(), nullptr, nullptr, relu}; }
};

// Gradients of a norm's mean, variance, weight and bias, from what its own gradient sums up to in each channel.
struct NormGradients {
  at::Tensor mean, variance, weight, bias;

  // `alone(c)` is the sum of the gradient, `timesMaps(c)` that of its product with the maps less `centre`.
  template <class Alone, class TimesMaps>
  NormGradients(const TileNorm& norm, const NormFactors& factors, const Alone& alone, const TimesMaps& timesMaps)
      : mean(at::empty_like(norm.mean)), variance(at::empty_like(norm.mean)), weight(at::empty_like(norm.weight)), bias(at::empty_like(norm.bias)) {
    for (int64_t c = 0; c < norm.mean.size(0); ++c) {
      const double exact = norm.mean.data_ptr<double>()[c], scaling = norm.weight.data_ptr<float>()[c];
      const double inverse = 1 / std::sqrt(norm.variance.data_ptr<double>()[c] + norm.eps);
      // The centre is the mean rounded to float32: what that moved is put back.
      const double centred = timesMaps(c) + alone(c) * (factors.centre[c] - exact);
      mean.data_ptr<double>()[c] = -scaling * inverse * alone(c);
      variance.data_ptr<double>()[c] = -0.5 * scaling * inverse * inverse * inverse * centred;
      weight.data_ptr<float>()[c] = static_cast<float>(inverse * centred);
      bias.data_ptr<float>()[c] = static_cast<float>(alone(c));
    }
  }
};

}  // namespace reat
