// The operators of training in tiles where branches of a network meet: normalisations, sum and ReLU in one pass, or a sum with its statistics.
#include "tile_moments.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

namespace reat {

namespace {

struct TileJoining : torch::autograd::Function<TileJoining> {
  static TileJoin joinOf(const at::Tensor& maps, const NormFactors& factors, const at::Tensor& other,
                         const std::optional<NormFactors>& otherFactors, const at::Tensor& output, bool relu) {
    return {maps.size(1), maps.size(2) * maps.size(3), dataOf(maps), factors.mix(false), dataOf(other),
            otherFactors ? otherFactors->mix(false) : TileMix{}, dataOf(output), relu};
  }

  static variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& maps, const at::Tensor& mean,
                               const at::Tensor& variance, const at::Tensor& weight, const at::Tensor& bias, const OptionalTensor& other,
                               const OptionalTensor& otherMean, const OptionalTensor& otherVariance, const OptionalTensor& otherWeight,
                               const OptionalTensor& otherBias, double eps, bool relu) {
    variable_list saved{maps, mean, variance, weight, bias, orUndefined(other), orUndefined(otherMean), orUndefined(otherVariance),
                        orUndefined(otherWeight), orUndefined(otherBias)};
    const auto otherNorm = normOf(saved, 6, eps);
    const auto otherFactors = otherNorm ? std::make_optional<NormFactors>(*otherNorm) : std::nullopt;
    const NormFactors factors(*normOf(saved, 1, eps));
    const at::Tensor output = at::empty_like(maps);
    const TileJoin join = joinOf(maps, factors, saved[5], otherFactors, output, relu);
    at::parallel_for(0, maps.size(0) * join.blocks, 1, [&](int64_t first, int64_t last) { tileKernels()->join(join, first, last); });
    saved.push_back(output);
    context->save_for_backward(saved);
    context->saved_data["eps"] = eps;
    context->saved_data["relu"] = relu;
    return {output};
  }

  static variable_list backward(torch::autograd::AutogradContext* context, const variable_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "tile_join has no second derivative");
    const variable_list saved = context->get_saved_variables();
    const double eps = context->saved_data["eps"].toDouble();
    const at::Tensor &maps = saved[0], &other = saved[5];
    const TileNorm norm = *normOf(saved, 1, eps);
    const auto otherNorm = normOf(saved, 6, eps);
    const NormFactors factors(norm);
    const auto otherFactors = otherNorm ? std::make_optional<NormFactors>(*otherNorm) : std::nullopt;
    const at::Tensor gradient = gradients[0].contiguous();
    const TileJoin join = joinOf(maps, factors, other, otherFactors, saved[10], context->saved_data["relu"].toBool());
    variable_list results(12);
    results[0] = at::empty_like(maps);
    if (other.defined()) results[5] = at::empty_like(maps);
    const int64_t planes = maps.size(0) * join.blocks, ofBlock = 3 * kTileBlock;
    std::vector<double> ofPlanes(planes * ofBlock);
    at::parallel_for(0, planes, 1, [&](int64_t first, int64_t last) {
      tileKernels()->separate(join,
                              {dataOf(gradient), factors.centre.data(), otherFactors ? otherFactors->centre.data() : nullptr,
                               dataOf(results[0]), dataOf(results[5]), ofPlanes.data()},
                              first, last);
    });
    const std::vector<double> sums = summed(ofPlanes, join.blocks * ofBlock);
    const auto sum = [&](int which) {
      return [&, which](int64_t c) { return sums[c / kTileBlock * ofBlock + which * kTileBlock + c % kTileBlock]; };
    };
    const auto put = [&](const NormGradients& ofNorm, size_t begin) {
      results[begin] = ofNorm.mean;
      results[begin + 1] = ofNorm.variance;
      results[begin + 2] = ofNorm.weight;
      results[begin + 3] = ofNorm.bias;
    };
    put(NormGradients(norm, factors, sum(0), sum(1)), 1);
    if (otherNorm) put(NormGradients(*otherNorm, *otherFactors, sum(0), sum(2)), 6);
    return results;
  }
};

// The sum of two branches with its mean and variance, where a normalisation comes first in the block that follows.
struct TileSumming : torch::autograd::Function<TileSumming> {
  static variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& maps, const at::Tensor& other,
                               const OptionalTensor& estimate) {
    const at::Tensor output = at::empty_like(maps);
    const int64_t blocks = maps.size(1), planes = maps.size(0) * blocks, ofPlane = 2 * kTileBlock;
    std::vector<double> ofPlanes(planes * ofPlane);
    const TileSum sum{blocks, maps.size(2) * maps.size(3), dataOf(maps), dataOf(other), estimate ? dataOf(*estimate) : nullptr,
                      dataOf(output), ofPlanes.data()};
    at::parallel_for(0, planes, 1, [&](int64_t first, int64_t last) { tileKernels()->sum(sum, first, last); });
    const auto moments = momentsOf(summed(ofPlanes, blocks * ofPlane), sum.centre, blocks * kTileBlock, pixelsOf(maps));
    context->save_for_backward({output, moments.mean});
    context->set_materialize_grads(false);
    return {output, moments.mean, moments.variance};
  }

  static variable_list backward(torch::autograd::AutogradContext* context, const variable_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "tile_sum has no second derivative");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &output = saved[0], &ofMean = gradients[1], &ofVariance = gradients[2];
    if (!ofMean.defined() && !ofVariance.defined()) return {gradients[0], gradients[0], at::Tensor()};
    const at::Tensor gradient = gradients[0].defined() ? gradients[0].contiguous() : at::zeros_like(output);
    const MomentGradients moments(ofMean, ofVariance, saved[1], pixelsOf(output));
    const std::vector<float> ones(moments.shift.size(), 1), zeros(moments.shift.size());
    const at::Tensor result = at::empty_like(output);
    const TileJoin join{output.size(1), output.size(2) * output.size(3), dataOf(gradient), {ones.data(), moments.shift.data(), nullptr, nullptr, false},
                        dataOf(output), {moments.otherScale.data(), zeros.data(), nullptr, nullptr, false}, dataOf(result), false};
    at::parallel_for(0, output.size(0) * join.blocks, 1, [&](int64_t first, int64_t last) { tileKernels()->join(join, first, last); });
    return {result, result, at::Tensor()};
  }
};

at::Tensor tileJoin(const at::Tensor& maps, const at::Tensor& mean, const at::Tensor& variance, const at::Tensor& weight,
                    const at::Tensor& bias, const OptionalTensor& other, const OptionalTensor& otherMean,
                    const OptionalTensor& otherVariance, const OptionalTensor& otherWeight, const OptionalTensor& otherBias, double eps,
                    bool relu) {
  constexpr const char* name = "tile_join";
  checkMaps(maps, name);
  checkNorm(maps, mean, variance, weight, bias, name);
  if (other) checkMaps(*other, name);
  TORCH_CHECK(!other || other->sizes() == maps.sizes(), name, " takes other maps of the same shape");
  const bool normalised = checkNorm(maps, otherMean, otherVariance, otherWeight, otherBias, name);
  TORCH_CHECK(!normalised || other, name, " takes a second norm only with other maps");
  OptionalTensor plain;
  if (other) plain = other->contiguous();
  return TileJoining::apply(maps.contiguous(), mean, variance, weight, bias, plain, otherMean, otherVariance, otherWeight, otherBias, eps, relu)[0];
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> tileSum(const at::Tensor& maps, const at::Tensor& other, const OptionalTensor& estimate) {
  constexpr const char* name = "tile_sum";
  checkMaps(maps, name);
  checkMaps(other, name);
  TORCH_CHECK(other.sizes() == maps.sizes(), name, " takes maps of the same shape");
  checkEstimate(estimate, maps.size(1) * kTileBlock, name);
  const variable_list results = TileSumming::apply(maps.contiguous(), other.contiguous(), estimate);
  return {results[0], results[1], results[2]};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(reat, library) {
  // Normalised maps plus other ones, which are left out, as they are or normalised too; through ReLU where `relu`.
  library.def(
      "tile_join(Tensor maps, Tensor mean, Tensor variance, Tensor weight, Tensor bias, Tensor? other, Tensor? other_mean, "
      "Tensor? other_variance, Tensor? other_weight, Tensor? other_bias, float eps, bool relu) -> Tensor",
      tileJoin);
  // Maps plus other ones, and the mean and biased variance of the sum over all but the channels; a good `estimate` of the means makes the variance
  // more exact; none is zero.
  library.def("tile_sum(Tensor maps, Tensor other, Tensor? estimate) -> (Tensor, Tensor, Tensor)", tileSum);
}

}  // namespace reat
