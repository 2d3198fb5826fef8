// LibTorch operators for convolutions in tiles: `tile_convolution` with its gradient, and the preparation of its weights.
#include "tile_operators.h"

#include <ATen/Parallel.h>
#include <torch/library.h>

#include <cstdlib>

namespace reat {

namespace {

// The kernels for this processor; null if there are none. LibTorch's own switch for instruction sets is respected.
const TileKernels* chooseTileKernels() {
#ifdef REAT_TILES
  const char* limit = std::getenv("ATEN_CPU_CAPABILITY");
  const std::string capability = limit == nullptr ? "" : limit;
  if (capability == "default") return nullptr;
  if (capability != "avx2" && __builtin_cpu_supports("avx512f")) return &tileKernelsAvx512();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &tileKernelsAvx2();
#endif
  return nullptr;
}

}  // namespace

const TileKernels* tileKernels() {
  static const TileKernels* const chosen = chooseTileKernels();
  return chosen;
}

at::Tensor preparedWeight(const at::Tensor& weight, TileGeometry geometry) {
  const int64_t outputs = weight.size(0), inputs = weight.size(1), taps = weight.size(2) * weight.size(3);
  const TileWeight forth{weight.data_ptr<float>(), inputs, outputs, taps, inputs * taps, false};
  const TileWeight back{weight.data_ptr<float>(), outputs, inputs, inputs * taps, taps, geometry.stride == 1};
  const TileWeight& taken = geometry.back ? back : forth;
  const TileKernels& kernels = *tileKernels();
  const at::Tensor prepared = at::empty({kernels.weightSize(geometry, taken.depth, blocksOf(taken.outputs))}, weight.options());
  at::parallel_for(0, taken.depth, 16, [&](int64_t first, int64_t last) {
    kernels.prepareWeight(geometry, taken, first, last, prepared.data_ptr<float>());
  });
  return prepared;
}

namespace {

std::tuple<at::Tensor, at::Tensor> tileWeights(const at::Tensor& weight, int64_t stride) {
  TORCH_CHECK(tileKernels() != nullptr, "tile_convolution_weights needs a processor with AVX2");
  TORCH_CHECK(weight.dim() == 4 && weight.size(0) % kTileBlock == 0 && weight.size(2) == weight.size(3),
              "tile_convolution_weights takes a weight [O, C, k, k] with O a multiple of 16");
  TORCH_CHECK(weight.size(2) == 3 || weight.size(2) == 1, "tile_convolution_weights takes kernels of 3×3 and 1×1");
  TORCH_CHECK(stride == 1 || stride == 2, "tile_convolution_weights takes a stride of 1 or 2");
  TORCH_CHECK(weight.device().is_cpu() && weight.scalar_type() == at::kFloat, "tile_convolution_weights works on float32 on the CPU");
  TORCH_CHECK(!weight.requires_grad(), "tile_convolution_weights passes no gradient on");
  const int kernel = static_cast<int>(weight.size(2)), step = static_cast<int>(stride);
  const at::Tensor plain = weight.contiguous();
  return {preparedWeight(plain, {kernel, step, false}), preparedWeight(plain, {kernel, step, true})};
}

uint16_t* bitsOf(const at::Tensor& tensor) {
  return tensor.defined() ? reinterpret_cast<uint16_t*>(tensor.data_ptr<int16_t>()) : nullptr;
}

}  // namespace

std::vector<double> convolve(TileGeometry geometry, const TileShape& shape, TileOperands operands, bool withSums) {
  const TileKernels& kernels = *tileKernels();
  const int64_t tiles = kernels.tiles(geometry, shape), threads = at::get_num_threads();
  // The same number of chunks for each thread, all of the same size.
  const int64_t most = kernels.chunk(geometry, shape) * threads;
  const int64_t rounds = (tiles + most - 1) / most;
  const int64_t chunk = (tiles + rounds * threads - 1) / (rounds * threads), chunks = (tiles + chunk - 1) / chunk;
  const int64_t size = kernels.scratch(geometry, shape, chunk), sumsSize = shape.outBlocks * 2 * kTileBlock;
  const at::Tensor scratch = at::empty({size * threads}, at::kFloat);
  std::vector<double> ofChunks(withSums ? chunks * sumsSize : 0);
  if (withSums) operands.sums = ofChunks.data();
  at::parallel_for(0, chunks, 1, [&](int64_t first, int64_t last) {
    kernels.convolve(geometry, shape, operands, first * chunk, std::min(tiles, last * chunk), chunk,
                     scratch.data_ptr<float>() + at::get_thread_num() * size);
  });
  return summed(ofChunks, withSums ? sumsSize : 0);
}

std::vector<double> summed(const std::vector<double>& parts, int64_t size) {
  std::vector<double> total(size);
  for (size_t i = 0; i < parts.size(); ++i) total[i % size] += parts[i];
  return total;
}

namespace {

using torch::autograd::variable_list;

struct TileConvolution : torch::autograd::Function<TileConvolution> {
  static variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& forth,
                               const at::Tensor& back, const at::Tensor& bias, const OptionalTensor& addend,
                               int64_t inputs, int64_t kernel, int64_t stride, bool relu, bool recorded) {
    const int64_t height = (input.size(2) - 1) / stride + 1, width = (input.size(3) - 1) / stride + 1;
    const int64_t outBlocks = bias.size(0) / kTileBlock;
    const TileShape shape{input.size(0), inputs, input.size(1), input.size(2), input.size(3), outBlocks, height, width};
    at::Tensor output = at::empty({shape.images, outBlocks, height, width, kTileBlock}, input.options());
    at::Tensor bits;
    if (relu && recorded) bits = at::empty({shape.images, outBlocks, height, width}, input.options().dtype(at::kShort));
    convolve({static_cast<int>(kernel), static_cast<int>(stride), false}, shape,
             {dataOf(input), nullptr, nullptr, dataOf(forth), dataOf(bias), addend ? dataOf(*addend) : nullptr, dataOf(output),
              relu, bitsOf(bits)});
    context->save_for_backward({back, bits});
    context->saved_data["geometry"] = std::vector<int64_t>{kernel, stride, addend.has_value()};
    context->saved_data["input"] = input.sizes().vec();
    context->set_materialize_grads(false);
    return {output, input};
  }

  static variable_list backward(torch::autograd::AutogradContext* context, const variable_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "tile_convolution has no second derivative");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& back = saved[0];
    const at::Tensor& bits = saved[1];
    const auto geometry = context->saved_data["geometry"].toIntVector();
    const auto input = context->saved_data["input"].toIntVector();
    variable_list results(10);
    if (!gradients[0].defined()) {
      results[0] = gradients[1];
      return results;
    }
    const at::Tensor gradient = gradients[0].contiguous();
    const at::Tensor other = gradients[1].defined() ? gradients[1].contiguous() : at::Tensor();
    const TileShape shape{gradient.size(0), gradient.size(1) * kTileBlock, gradient.size(1), gradient.size(2), gradient.size(3),
                          input[1], input[2], input[3]};
    const bool added = geometry[2];
    at::Tensor counted;
    if (added) counted = bits.defined() ? at::empty_like(gradient) : gradient;
    results[0] = at::empty(input, gradient.options());
    convolve({static_cast<int>(geometry[0]), static_cast<int>(geometry[1]), true}, shape,
             {dataOf(gradient), bitsOf(bits), bits.defined() ? dataOf(counted) : nullptr, dataOf(back), nullptr, dataOf(other),
              dataOf(results[0]), false, nullptr});
    results[4] = counted;
    return results;
  }
};

std::tuple<at::Tensor, at::Tensor> tileConvolution(const at::Tensor& input, const at::Tensor& forth, const at::Tensor& back,
                                                   const at::Tensor& bias, const OptionalTensor& addend, int64_t inputs,
                                                   int64_t kernel, int64_t stride, bool relu) {
  TORCH_CHECK(tileKernels() != nullptr, "tile_convolution needs a processor with AVX2");
  TORCH_CHECK(input.dim() == 5 && input.size(4) == kTileBlock && input.numel() > 0, "tile_convolution takes maps [N, C/16, H, W, 16]");
  TORCH_CHECK(inputs > 0 && input.size(1) == blocksOf(inputs), "tile_convolution takes maps of as many blocks as `inputs` fill");
  TORCH_CHECK(kernel == 3 || kernel == 1, "tile_convolution takes kernels of 3×3 and 1×1");
  TORCH_CHECK(stride == 1 || stride == 2, "tile_convolution takes a stride of 1 or 2");
  TORCH_CHECK(bias.dim() == 1 && bias.size(0) > 0 && bias.size(0) % kTileBlock == 0, "tile_convolution takes a bias [O] with O a multiple of 16");
  const TileGeometry geometry{static_cast<int>(kernel), static_cast<int>(stride), false};
  const TileGeometry geometryBack{geometry.kernel, geometry.stride, true};
  const int64_t outBlocks = bias.size(0) / kTileBlock;
  TORCH_CHECK(forth.numel() == tileKernels()->weightSize(geometry, inputs, outBlocks) &&
                  back.numel() == tileKernels()->weightSize(geometryBack, bias.size(0), input.size(1)),
              "tile_convolution takes weights that tile_convolution_weights made for this kernel and these channels");
  OptionalTensor added;
  if (addend.has_value() && addend->defined()) added = addend->contiguous();
  TORCH_CHECK(!added || (added->dim() == 5 && added->size(0) == input.size(0) && added->size(1) == outBlocks &&
                                   added->size(2) == (input.size(2) - 1) / stride + 1 &&
                                   added->size(3) == (input.size(3) - 1) / stride + 1 && added->size(4) == kTileBlock),
              "tile_convolution takes an addend of its output's shape");
  for (const auto& tensor : {input, forth, back, bias, added ? *added : input})
    TORCH_CHECK(tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat, "tile_convolution works on float32 on the CPU");
  TORCH_CHECK(!forth.requires_grad() && !back.requires_grad() && !bias.requires_grad(),
              "tile_convolution has gradients of its input and its addend alone");
  const bool recorded = at::GradMode::is_enabled() && (input.requires_grad() || (added && added->requires_grad()));
  const variable_list results = TileConvolution::apply(input.contiguous(), forth.contiguous(), back.contiguous(), bias.contiguous(),
                                                       added, inputs, kernel, stride, relu, recorded);
  return {results[0], results[1]};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(reat, library) {
  // "avx512", "avx2", or "" if there are none.
  library.def("tile_convolution_processor() -> str", []() -> std::string {
#ifdef REAT_TILES
    if (tileKernels() == &tileKernelsAvx512()) return "avx512";
    if (tileKernels() == &tileKernelsAvx2()) return "avx2";
#endif
    return "";
  });
  // Weights for the forward and for the backward direction.
  library.def("tile_convolution_weights(Tensor weight, int stride) -> (Tensor, Tensor)", tileWeights);
  // The convolution of maps in blocks with padding (kernel - 1) / 2, plus bias and addend, through ReLU where it is wanted; and
  // the input handed on: where the input is needed again, the gradient of the second result joins that of the first on the way.
  library.def(
      "tile_convolution(Tensor input, Tensor forth, Tensor back, Tensor bias, Tensor? addend, int inputs, int kernel, "
      "int stride, bool relu) -> (Tensor, Tensor)",
      tileConvolution);
}

}  // namespace reat
