// Convolutions in oneDNN's own layout, maps in blocks of sixteen channels.
//
// LibTorch rearranges feature maps before and after each convolution. If LibTorch uses the system's oneDNN, as Debian's does, this
// file calls oneDNN directly. Otherwise `blocked_convolution_available` is false, and nothing else is registered.
#include "engine.h"

#ifdef REAT_ONEDNN
#include <oneapi/dnnl/dnnl.hpp>
#endif

#include <torch/library.h>

namespace reat {

namespace {

#ifdef REAT_ONEDNN

constexpr int64_t kBlock = 16;

using Tag = dnnl::memory::format_tag;

constexpr auto kDirect = dnnl::algorithm::convolution_direct;

dnnl::engine& cpu() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::memory::desc describedAs(const dnnl::memory::dims& dims, Tag tag) {
  return {dims, dnnl::memory::data_type::f32, tag};
}

dnnl::memory memoryOf(const dnnl::memory::desc& desc, const at::Tensor& tensor) {
  return {desc, cpu(), tensor.data_ptr<float>()};
}

at::Tensor storageOf(const dnnl::memory::desc& desc) {
  return at::empty({static_cast<int64_t>((desc.get_size() + sizeof(float) - 1) / sizeof(float))}, at::kFloat);
}

// One buffer of working memory grows to the largest need. With a buffer for each layer, blocks of all these sizes would be kept.
dnnl::memory workspace(const dnnl::memory::desc& desc) {
  static thread_local at::Tensor buffer;
  if (!buffer.defined() || buffer.nbytes() < desc.get_size()) {
    buffer.reset();
    buffer = storageOf(desc);
  }
  return {desc, cpu(), buffer.data_ptr<float>()};
}

dnnl::primitive_attr ownWorkspace() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

// Channels of maps in blocks: [N, C/16, H, W, 16].
int64_t channelsOf(const at::Tensor& maps) { return maps.size(1) * kBlock; }

// One convolution, forward and backward: its geometry, and oneDNN's descriptions of its arguments.
struct Convolution {
  dnnl::memory::dims strides, before, after;
  dnnl::memory::desc input, weight, bias, output;
  std::vector<int64_t> outputShape;
  dnnl::convolution_forward::primitive_desc forward;

  Convolution(at::IntArrayRef inputShape, at::IntArrayRef weightShape, int64_t stride, int64_t padding) {
    const int64_t count = inputShape[0], inputs = inputShape[1] * kBlock, height = inputShape[2], width = inputShape[3];
    const int64_t outputs = weightShape[0], kernelHeight = weightShape[2], kernelWidth = weightShape[3];
    const int64_t outHeight = (height + 2 * padding - kernelHeight) / stride + 1;
    const int64_t outWidth = (width + 2 * padding - kernelWidth) / stride + 1;
    strides = {stride, stride};
    before = {padding, padding};
    // oneDNN expects the padding that is really used: with a stride the last rows may not be reached.
    after = {(outHeight - 1) * stride + kernelHeight - height - padding,
             (outWidth - 1) * stride + kernelWidth - width - padding};
    input = describedAs({count, inputs, height, width}, Tag::nChw16c);
    weight = describedAs({outputs, inputs, kernelHeight, kernelWidth}, Tag::any);
    bias = describedAs({outputs}, Tag::x);
    output = describedAs({count, outputs, outHeight, outWidth}, Tag::nChw16c);
    outputShape = {count, outputs / kBlock, outHeight, outWidth, kBlock};
    forward = dnnl::convolution_forward::primitive_desc(
        {dnnl::prop_kind::forward_training, kDirect, input, weight, bias, output, strides, before, after}, ownWorkspace(), cpu());
  }

  dnnl::convolution_backward_data::primitive_desc backward() const {
    return {{kDirect, input, weight, output, strides, before, after}, ownWorkspace(), cpu(), forward};
  }
};

// The weight in the layout that a primitive needs; `storage` owns it.
dnnl::memory reordered(const at::Tensor& weight, const dnnl::memory::desc& wanted, dnnl::stream& stream, at::Tensor& storage) {
  storage = storageOf(wanted);
  dnnl::memory plain = memoryOf(describedAs(weight.sizes().vec(), Tag::oihw), weight);
  dnnl::memory result(wanted, cpu(), storage.data_ptr<float>());
  dnnl::reorder(plain, result).execute(stream, plain, result);
  return result;
}

struct BlockedConvolution : torch::autograd::Function<BlockedConvolution> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, int64_t stride, int64_t padding) {
    const Convolution convolution(input.sizes(), weight.sizes(), stride, padding);
    dnnl::stream stream(cpu());
    at::Tensor storage;
    at::Tensor output = at::empty(convolution.outputShape, input.options());
    dnnl::memory weights = reordered(weight, convolution.forward.weights_desc(), stream, storage);
    dnnl::convolution_forward(convolution.forward)
        .execute(stream, {{DNNL_ARG_SRC, memoryOf(convolution.input, input)},
                          {DNNL_ARG_WEIGHTS, weights},
                          {DNNL_ARG_BIAS, memoryOf(convolution.bias, bias)},
                          {DNNL_ARG_SCRATCHPAD, workspace(convolution.forward.scratchpad_desc())},
                          {DNNL_ARG_DST, memoryOf(convolution.output, output)}});
    stream.wait();
    context->save_for_backward({weight});
    context->saved_data["geometry"] = std::vector<int64_t>{stride, padding};
    context->saved_data["input"] = input.sizes().vec();
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "blocked_convolution has no second derivative");
    const at::Tensor weight = context->get_saved_variables()[0];
    const auto geometry = context->saved_data["geometry"].toIntVector();
    const auto inputShape = context->saved_data["input"].toIntVector();
    const Convolution convolution(inputShape, weight.sizes(), geometry[0], geometry[1]);
    const auto back = convolution.backward();
    dnnl::stream stream(cpu());
    at::Tensor storage;
    const at::Tensor gradient = gradients[0].contiguous();
    at::Tensor result = at::empty(inputShape, gradient.options());
    dnnl::memory weights = reordered(weight, back.weights_desc(), stream, storage);
    dnnl::convolution_backward_data(back).execute(stream, {{DNNL_ARG_DIFF_DST, memoryOf(convolution.output, gradient)},
                                                           {DNNL_ARG_WEIGHTS, weights},
                                                           {DNNL_ARG_SCRATCHPAD, workspace(back.scratchpad_desc())},
                                                           {DNNL_ARG_DIFF_SRC, memoryOf(convolution.input, result)}});
    stream.wait();
    return {result, {}, {}, {}, {}};
  }
};

at::Tensor blockedConvolution(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, int64_t stride,
                              int64_t padding) {
  TORCH_CHECK(input.dim() == 5 && input.size(4) == kBlock, "blocked_convolution takes maps [N, C/16, H, W, 16]");
  TORCH_CHECK(weight.dim() == 4 && weight.size(1) == channelsOf(input) && weight.size(0) % kBlock == 0,
              "blocked_convolution takes a weight [O, C, kH, kW] with O a multiple of 16");
  TORCH_CHECK(bias.dim() == 1 && bias.size(0) == weight.size(0), "blocked_convolution takes a bias [O]");
  TORCH_CHECK(!weight.requires_grad() && !bias.requires_grad(), "blocked_convolution has gradients of its input alone");
  for (const auto& tensor : {input, weight, bias})
    TORCH_CHECK(tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat, "blocked_convolution works on float32 on the CPU");
  TORCH_CHECK(input.size(2) + 2 * padding >= weight.size(2) && input.size(3) + 2 * padding >= weight.size(3),
              "blocked_convolution takes no kernel that is larger than the maps with their padding");
  TORCH_CHECK(stride > 0 && padding >= 0, "blocked_convolution takes a positive stride and a padding of at least 0");
  return BlockedConvolution::apply(input.contiguous(), weight.contiguous(), bias.contiguous(), stride, padding);
}

// oneDNN's kernels for AVX-512 use blocks of sixteen; those for other processors use blocks of eight.
bool blocksAvailable() { return dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core; }

#else

bool blocksAvailable() { return false; }

#endif

}  // namespace

TORCH_LIBRARY_FRAGMENT(reat, library) {
  library.def("blocked_convolution_available() -> bool", [] {
    static const bool available = blocksAvailable();
    return available;
  });
#ifdef REAT_ONEDNN
  library.def(
      "blocked_convolution(Tensor input, Tensor weight, Tensor bias, int stride, int padding) -> Tensor", blockedConvolution);
#endif
}

}  // namespace reat
