// The convolution of training in tiles, with batch normalisation around it.
//
// A convolution takes what the one before it left, normalises it and applies ReLU on the way in, and hands on its own result with its
// mean and variance. So no normalised map is written or kept, and the gradients of batch normalisation are what autograd makes of
// these steps: that of mean and variance goes in with the gradient of the maps from which they were taken.
#include "tile_moments.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

namespace reat {

namespace {

// Each thread takes tiles of its own or channels of its own: sums that every thread held whole would be more than caches hold.
at::Tensor weightGradient(TileGeometry geometry, const TileShape& shape, const TileWeightOperands& operands, const at::Tensor& weight) {
  constexpr int64_t held = 3 << 20;
  const TileKernels& kernels = *tileKernels();
  const int64_t tiles = kernels.tiles(geometry, shape), threads = std::min<int64_t>(at::get_num_threads(), tiles);
  const int64_t panels = (shape.outBlocks + kernels.panel - 1) / kernels.panel;
  const int64_t bytes = kernels.gradientSize(geometry, shape, shape.outBlocks) * static_cast<int64_t>(sizeof(float));
  int64_t parts = 1;
  while (parts < threads && (bytes > held * parts || threads % parts != 0) && parts < panels) ++parts;
  if (threads % parts != 0) parts = 1;
  const int64_t groups = threads / parts;
  const auto blockAt = [&](int64_t part) { return std::min(panels * part / parts * kernels.panel, shape.outBlocks); };
  // Of each part its groups one after the other.
  std::vector<int64_t> begins(parts + 1);
  for (int64_t part = 0; part < parts; ++part)
    begins[part + 1] = begins[part] + groups * kernels.gradientSize(geometry, shape, blockAt(part + 1) - blockAt(part));
  const at::Tensor atPoints = at::empty({begins[parts]}, weight.options());
  at::parallel_for(0, threads, 1, [&](int64_t first, int64_t last) {
    for (int64_t worker = first; worker < last; ++worker) {
      const int64_t part = worker % parts, group = worker / parts;
      const TileShare share{tiles * group / groups, tiles * (group + 1) / groups, blockAt(part), blockAt(part + 1)};
      const at::Tensor scratch = at::empty({kernels.gradientScratch(geometry, shape, share)}, weight.options());
      float* own = dataOf(atPoints) + begins[part] + group * (begins[part + 1] - begins[part]) / groups;
      kernels.addGradient(geometry, shape, operands, share, dataOf(scratch), own);
    }
  });
  const at::Tensor gradient = at::empty_like(weight, at::MemoryFormat::Contiguous);
  at::parallel_for(0, shape.depth, 8, [&](int64_t first, int64_t last) {
    for (int64_t part = 0; part < parts; ++part)
      kernels.finishGradient(geometry, shape, dataOf(atPoints) + begins[part], groups, (begins[part + 1] - begins[part]) / groups,
                             {first, last, blockAt(part), blockAt(part + 1)}, weight.size(0), dataOf(gradient));
  });
  return gradient;
}

struct TileTrainingConvolution : torch::autograd::Function<TileTrainingConvolution> {
  static TileShape shapeOf(const at::Tensor& input, const at::Tensor& weight, int64_t stride) {
    return {input.size(0), weight.size(1), input.size(1), input.size(2), input.size(3), blocksOf(weight.size(0)),
            (input.size(2) - 1) / stride + 1, (input.size(3) - 1) / stride + 1};
  }

  static variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                               const OptionalTensor& mean, const OptionalTensor& variance, const OptionalTensor& normWeight,
                               const OptionalTensor& normBias, const OptionalTensor& estimate, double eps, bool relu, int64_t stride) {
    const TileShape shape = shapeOf(input, weight, stride);
    const TileGeometry geometry{static_cast<int>(weight.size(2)), static_cast<int>(stride), false};
    const variable_list saved{input, weight, orUndefined(mean), orUndefined(variance), orUndefined(normWeight), orUndefined(normBias)};
    const auto norm = normOf(saved, 2, eps);
    const auto factors = norm ? std::make_optional<NormFactors>(*norm) : std::nullopt;
    const at::Tensor prepared = preparedWeight(weight, geometry);
    const at::Tensor output = at::empty({shape.images, shape.outBlocks, shape.outHeight, shape.outWidth, kTileBlock}, input.options());
    TileOperands operands{};
    operands.input = dataOf(input);
    if (factors) operands.inputMix = factors->mix(relu);
    operands.weight = dataOf(prepared);
    operands.output = dataOf(output);
    operands.centre = estimate ? dataOf(*estimate) : nullptr;
    const auto moments = momentsOf(convolve(geometry, shape, operands, true), operands.centre, weight.size(0), pixelsOf(output));
    variable_list kept = saved;
    kept.push_back(output);
    kept.push_back(moments.mean);
    context->save_for_backward(kept);
    context->saved_data["eps"] = eps;
    context->saved_data["relu"] = relu;
    context->saved_data["stride"] = stride;
    context->set_materialize_grads(false);
    return {output, moments.mean, moments.variance, input};
  }

  static variable_list backward(torch::autograd::AutogradContext* context, const variable_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "tile_training_convolution has no second derivative");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &weight = saved[1], &output = saved[6];
    const auto norm = normOf(saved, 2, context->saved_data["eps"].toDouble());
    const auto factors = norm ? std::make_optional<NormFactors>(*norm) : std::nullopt;
    const TileMix inputMix = factors ? factors->mix(context->saved_data["relu"].toBool()) : TileMix{};
    const int64_t stride = context->saved_data["stride"].toInt();
    const TileShape shape = shapeOf(input, weight, stride);
    TORCH_CHECK(!norm || !gradients[3].defined(), "tile_training_convolution hands on maps that are not to be normalised alone");
    variable_list results(10);
    if (!gradients[0].defined() && !gradients[1].defined() && !gradients[2].defined()) {
      results[0] = gradients[3];
      return results;
    }
    const at::Tensor gradient = gradients[0].defined() ? gradients[0].contiguous() : at::zeros_like(output);
    const MomentGradients moments(gradients[1], gradients[2], saved[7], pixelsOf(output));
    const TileMix gradientMix = gradients[1].defined() || gradients[2].defined() ? moments.mix(output) : TileMix{};
    const int kernel = static_cast<int>(weight.size(2)), step = static_cast<int>(stride);
    if (context->needs_input_grad(1))
      results[1] = weightGradient({kernel, step, false}, shape, {dataOf(input), inputMix, dataOf(gradient), gradientMix}, weight);
    if (!context->needs_input_grad(0)) return results;
    const at::Tensor back = preparedWeight(weight, {kernel, step, true});
    const TileShape shapeBack{shape.images, shape.outBlocks * kTileBlock, shape.outBlocks, shape.outHeight, shape.outWidth,
                              shape.inBlocks, shape.inHeight, shape.inWidth};
    const at::Tensor other = gradients[3].defined() ? gradients[3].contiguous() : at::Tensor();
    results[0] = at::empty_like(input);
    TileOperands operands{};
    operands.input = dataOf(gradient);
    operands.inputMix = gradientMix;
    operands.weight = dataOf(back);
    operands.addend = dataOf(other);
    operands.output = dataOf(results[0]);
    if (norm) {
      operands.origin = {dataOf(input), inputMix};
      operands.centre = factors->centre.data();
    }
    const std::vector<double> sums = convolve({kernel, step, true}, shapeBack, operands, norm.has_value());
    if (!norm) return results;
    const auto placeOf = [](int64_t c) { return c / kTileBlock * 2 * kTileBlock + c % kTileBlock; };
    const NormGradients ofNorm(
        *norm, *factors, [&](int64_t c) { return sums[placeOf(c)]; }, [&](int64_t c) { return sums[placeOf(c) + kTileBlock]; });
    results[2] = ofNorm.mean;
    results[3] = ofNorm.variance;
    results[4] = ofNorm.weight;
    results[5] = ofNorm.bias;
    return results;
  }
};

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> tileTrainingConvolution(
    const at::Tensor& input, const at::Tensor& weight, const OptionalTensor& mean, const OptionalTensor& variance,
    const OptionalTensor& normWeight, const OptionalTensor& normBias, const OptionalTensor& estimate, double eps, bool relu, int64_t stride) {
  constexpr const char* name = "tile_training_convolution";
  checkMaps(input, name);
  checkNorm(input, mean, variance, normWeight, normBias, name);
  TORCH_CHECK(weight.dim() == 4 && weight.size(0) > 0 && weight.size(0) % kTileBlock == 0 && weight.size(2) == weight.size(3) &&
                  (weight.size(2) == 3 || weight.size(2) == 1) && blocksOf(weight.size(1)) == input.size(1),
              name, " takes a weight [O, C, k, k] with O a multiple of 16, k 3 or 1 and C as the maps have");
  TORCH_CHECK(weight.device().is_cpu() && weight.scalar_type() == at::kFloat, name, " works on float32 on the CPU");
  TORCH_CHECK(stride == 1 || stride == 2, name, " takes a stride of 1 or 2");
  checkEstimate(estimate, weight.size(0), name);
  const variable_list results = TileTrainingConvolution::apply(input.contiguous(), weight.contiguous(), mean, variance, normWeight, normBias,
                                                               estimate, eps, relu, stride);
  return {results[0], results[1], results[2], results[3]};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(reat, library) {
  // The convolution of maps in blocks with padding (kernel - 1) / 2, its mean and biased variance over all but the channels, and the maps
  // handed on as `tile_convolution` does. With a norm the maps count as normalised by it, and through ReLU where `relu`. `estimate` of
  // the means makes the variance more exact; none is zero.
  library.def(
      "tile_training_convolution(Tensor input, Tensor weight, Tensor? mean, Tensor? variance, Tensor? norm_weight, Tensor? norm_bias, "
      "Tensor? estimate, float eps, bool relu, int stride) -> (Tensor, Tensor, Tensor, Tensor)",
      tileTrainingConvolution);
}

}  // namespace reat
