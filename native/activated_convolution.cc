// A convolution with the bias, the sum and the ReLU that follow it, for networks whose weights need no gradient.
//
// Made of LibTorch's operators, on any device. On a GPU cuDNN can do all of it in one kernel, if asked to.
#include "engine.h"

#include <torch/library.h>

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

at::Tensor convolveAndEnd(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                          const OptionalTensor& addend, ConvolutionGeometry geometry, bool relu, bool fused) {
  // cuDNN's fused convolutions end in a ReLU.
  if (fused && input.is_cuda() && relu) {
    const std::vector<int64_t> stride(2, geometry.stride), padding(2, geometry.padding), dilation(2, 1);
    if (addend) return at::cudnn_convolution_add_relu(input, weight, *addend, 1, bias, stride, padding, dilation, 1);
    return at::cudnn_convolution_relu(input, weight, bias, stride, padding, dilation, 1);
  }
  at::Tensor output = convolve(input, weight, geometry).add_(bias.view({1, -1, 1, 1}));
  if (addend) output.add_(*addend);
  return relu ? output.relu_() : output;
}

struct ActivatedConvolution : torch::autograd::Function<ActivatedConvolution> {
  static variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                               const at::Tensor& bias, const OptionalTensor& addend, int64_t stride, int64_t padding,
                               bool relu, bool fused) {
    const at::Tensor output =
        convolveAndEnd(input, weight, bias, addend, {stride, padding}, relu, fused);
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
                                                        int64_t stride, int64_t padding, bool relu, bool fused) {
  TORCH_CHECK(input.dim() == 4 && weight.dim() == 4, "activated_convolution takes maps [N, C, H, W] and a weight [O, C, k, k]");
  TORCH_CHECK(bias.dim() == 1 && bias.size(0) == weight.size(0), "activated_convolution takes a bias [O]");
  TORCH_CHECK(!weight.requires_grad() && !bias.requires_grad(),
              "activated_convolution has gradients of its input and its addend alone");
  OptionalTensor added;
  if (addend.has_value() && addend->defined()) added = addend;
  const variable_list results =
      ActivatedConvolution::apply(input, weight, bias, added, stride, padding, relu, fused);
  return {results[0], results[1]};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(reat, library) {
  // relu(input * weight + bias + addend), and the input once more. Whoever needs the input again uses that second result: its
// gradient is then added inside the convolution's backward pass.
  library.def(
      "activated_convolution(Tensor input, Tensor weight, Tensor bias, Tensor? addend, int stride, int padding, bool relu, "
      "bool fused) -> (Tensor, Tensor)",
      activatedConvolution);
}

}  // namespace reat
