// A convolution with the bias, the sum and the ReLU that follow it, for networks whose weights need no gradient.
//
// Made of LibTorch's operators, on any device. On a GPU cuDNN does it in one kernel where its fused convolutions take the
// type; elsewhere bias, sum and ReLU are one kernel that LibTorch compiles when it is first needed.
#include "engine.h"

#include <torch/library.h>

#ifdef REAT_CUDA
#include <ATen/cuda/jiterator.h>
#endif

namespace reat {

namespace {

using torch::autograd::variable_list;

struct ConvolutionGeometry {
  int64_t stride;
  int64_t padding;
};

at::Tensor convolve(const at::Tensor& input, const at::Tensor& weight, ConvolutionGeometry geometry) {
  return at::convolution(input, weight, {}, {geometry.stride, geometry.stride}, {geometry.padding, geometry.padding},
                         {1, 1}, false, {0, 0}, 1);
}

// How much of the work that follows a convolution is part of it.
enum class Fusing : int64_t { nothing = 0, elementwise = 1, convolution = 2 };

#ifdef REAT_CUDA

// Sums in float32 whatever the maps' type, rounded once.
constexpr const char* kEndWithSum =
    "template <typename T> T reat_end_with_sum(T maps, T bias, T addend, int relu) {"
    "  float sum = static_cast<float>(maps) + static_cast<float>(bias) + static_cast<float>(addend);"
    "  return static_cast<T>(relu && !(sum > 0.f) ? 0.f : sum); }";
constexpr const char* kEndAlone =
    "template <typename T> T reat_end_alone(T maps, T bias, int relu) {"
    "  float sum = static_cast<float>(maps) + static_cast<float>(bias);"
    "  return static_cast<T>(relu && !(sum > 0.f) ? 0.f : sum); }";

at::Tensor endInOneKernel(const at::Tensor& maps, const at::Tensor& bias, const OptionalTensor& addend, bool relu) {
  const at::Tensor shaped = bias.view({1, -1, 1, 1});
  const c10::SmallVector<at::Scalar> arguments{static_cast<int>(relu)};
  if (addend) {
    const c10::SmallVector<at::Tensor> tensors{maps, shaped, *addend};
    return at::cuda::CompileAndLaunchKernel(kEndWithSum, "reat_end_with_sum", 1, tensors, arguments, false)[0];
  }
  const c10::SmallVector<at::Tensor> tensors{maps, shaped};
  return at::cuda::CompileAndLaunchKernel(kEndAlone, "reat_end_alone", 1, tensors, arguments, false)[0];
}

#endif

at::Tensor convolveAndEnd(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                          const OptionalTensor& addend, ConvolutionGeometry geometry, bool relu, Fusing fusing) {
#ifdef REAT_CUDA
  if (input.is_cuda() && fusing == Fusing::convolution && relu) {
    const std::vector<int64_t> stride(2, geometry.stride), padding(2, geometry.padding), dilation(2, 1);
    if (addend) return at::cudnn_convolution_add_relu(input, weight, *addend, 1, bias, stride, padding, dilation, 1);
    return at::cudnn_convolution_relu(input, weight, bias, stride, padding, dilation, 1);
  }
  if (input.is_cuda() && fusing != Fusing::nothing) {
    return endInOneKernel(convolve(input, weight, geometry), bias, addend, relu);
  }
#endif
  at::Tensor output = convolve(input, weight, geometry).add_(bias.view({1, -1, 1, 1}));
  if (addend) output.add_(*addend);
  return relu ? output.relu_() : output;
}

struct ActivatedConvolution : torch::autograd::Function<ActivatedConvolution> {
  static variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                               const at::Tensor& bias, const OptionalTensor& addend, int64_t stride, int64_t padding,
                               bool relu, int64_t fusing) {
    const at::Tensor output =
        convolveAndEnd(input, weight, bias, addend, {stride, padding}, relu, static_cast<Fusing>(fusing));
    context->save_for_backward({input, weight, relu ? output : at::Tensor()});
    context->saved_data["geometry"] = std::vector<int64_t>{stride, padding, addend.has_value()};
    context->set_materialize_grads(false);
    return {output, input};
  }

  static variable_list backward(torch::autograd::AutogradContext* context, const variable_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "activated_convolution has no second derivative");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &weight = saved[1], &output = saved[2];
    const auto geometry = context->saved_data["geometry"].toIntVector();
    variable_list results(8);
    if (!gradients[0].defined()) {
      results[0] = gradients[1];
      return results;
    }
    const at::Tensor gradient = output.defined() ? at::threshold_backward(gradients[0], output, 0) : gradients[0];
    if (context->needs_input_grad(0)) {
      at::Tensor back = std::get<0>(at::convolution_backward(
          gradient, input, weight, at::OptionalIntArrayRef(), {geometry[0], geometry[0]}, {geometry[1], geometry[1]}, {1, 1}, false,
          {0, 0}, 1, {true, false, false}));
      results[0] = gradients[1].defined() ? back.add_(gradients[1]) : back;
    }
    if (geometry[2]) results[3] = gradient;
    return results;
  }
};

std::tuple<at::Tensor, at::Tensor> activatedConvolution(const at::Tensor& input, const at::Tensor& weight,
                                                        const at::Tensor& bias, const OptionalTensor& addend,
                                                        int64_t stride, int64_t padding, bool relu, int64_t fusing) {
  TORCH_CHECK(input.dim() == 4 && weight.dim() == 4, "activated_convolution takes maps [N, C, H, W] and a weight [O, C, k, k]");
  TORCH_CHECK(bias.dim() == 1 && bias.size(0) == weight.size(0), "activated_convolution takes a bias [O]");
  TORCH_CHECK(!weight.requires_grad() && !bias.requires_grad(),
              "activated_convolution has gradients of its input and its addend alone");
  OptionalTensor added;
  if (addend.has_value() && addend->defined()) added = addend;
  const variable_list results =
      ActivatedConvolution::apply(input, weight, bias, added, stride, padding, relu, fusing);
  return {results[0], results[1]};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(reat, library) {
  // relu(input * weight + bias + addend), and the input handed on, so that its second gradient joins the first on the way.
  library.def(
      "activated_convolution(Tensor input, Tensor weight, Tensor bias, Tensor? addend, int stride, int padding, bool relu, "
      "int fusing) -> (Tensor, Tensor)",
      activatedConvolution);
}

}  // namespace reat
