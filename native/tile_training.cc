// The operators of training in tiles: a convolution with batch normalisation around it, and the sum of two branches.
//
// A convolution takes what the one before it left, normalises it and applies ReLU on the way in, and hands on its own result with its
// mean and variance. So no normalised map is written or kept, and the gradients of batch normalisation are what autograd makes of
// these steps: that of mean and variance goes in with the gradient of the maps from which they were taken.
#include "tile_norm.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <optional>

namespace reat {

namespace {

using torch::autograd::variable_list;

int64_t pixelsOf(const at::Tensor& maps) { return maps.size(0) * maps.size(2) * maps.size(3); }

struct Moments {
  at::Tensor mean, variance;
};

// From sums of [blocks, 2, 16] of maps less `centre`.
Moments momentsOf(const std::vector<double>& sums, const float* centre, int64_t channels, int64_t pixels) {
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

std::optional<TileNorm> normOf(const variable_list& tensors, size_t begin, double eps) {
  if (!tensors[begin].defined()) return std::nullopt;
  return TileNorm{tensors[begin], tensors[begin + 1], tensors[begin + 2], tensors[begin + 3], eps};
}

at::Tensor orUndefined(const OptionalTensor& tensor) { return tensor ? *tensor : at::Tensor(); }

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

void checkMaps(const at::Tensor& maps, const char* name) {
  TORCH_CHECK(tileKernels() != nullptr, name, " needs a processor with AVX2");
  TORCH_CHECK(maps.dim() == 5 && maps.size(4) == kTileBlock && maps.numel() > 0, name, " takes maps [N, C/16, H, W, 16]");
  TORCH_CHECK(maps.device().is_cpu() && maps.scalar_type() == at::kFloat, name, " works on float32 on the CPU");
}

// All four of a norm for the channels of `maps`, or none.
bool checkNorm(const at::Tensor& maps, const OptionalTensor& mean, const OptionalTensor& variance, const OptionalTensor& weight,
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
  TORCH_CHECK(!estimate || (estimate->dim() == 1 && estimate->size(0) == weight.size(0) && estimate->is_contiguous() &&
                            estimate->scalar_type() == at::kFloat && !estimate->requires_grad()),
              name, " takes an estimate of the means [O] without a gradient");
  const variable_list results = TileTrainingConvolution::apply(input.contiguous(), weight.contiguous(), mean, variance, normWeight, normBias,
                                                               estimate, eps, relu, stride);
  return {results[0], results[1], results[2], results[3]};
}

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

}  // namespace

TORCH_LIBRARY_FRAGMENT(reat, library) {
  // The convolution of maps in blocks with padding (kernel - 1) / 2, its mean and biased variance over all but the channels, and the maps
  // handed on as `tile_convolution` does. With a norm the maps count as normalised by it, and through ReLU where `relu`. `estimate` of
  // the means makes the variance more exact; none is zero.
  library.def(
      "tile_training_convolution(Tensor input, Tensor weight, Tensor? mean, Tensor? variance, Tensor? norm_weight, Tensor? norm_bias, "
      "Tensor? estimate, float eps, bool relu, int stride) -> (Tensor, Tensor, Tensor, Tensor)",
      tileTrainingConvolution);
  // Normalised maps plus other ones, which are left out, as they are or normalised too; through ReLU where `relu`.
  library.def(
      "tile_join(Tensor maps, Tensor mean, Tensor variance, Tensor weight, Tensor bias, Tensor? other, Tensor? other_mean, "
      "Tensor? other_variance, Tensor? other_weight, Tensor? other_bias, float eps, bool relu) -> Tensor",
      tileJoin);
}

}  // namespace reat
