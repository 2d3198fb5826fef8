// Batch normalisation by the statistics of all processes' images (synchronised batch normalisation), forward and backward. Sums of
// processes are added in the order of their ranks, so that all have the same bits.
#include "rows_of_all.h"

#ifdef REAT_DISTRIBUTED

namespace reat {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// In the context of a function's backward pass only what LibTorch knows can be kept.
struct GroupHolder : torch::CustomClassHolder {
  explicit GroupHolder(Engine::Group its) : group(std::move(its)) {}
  Engine::Group group;
};

struct NormState {
  at::Tensor runningMean;
  at::Tensor runningVar;
  double momentum;
  double eps;
  // Whether the loss is a mean over each process's images, rather than a sum.
  bool meanLoss;
};

std::vector<int64_t> allButChannels(const at::Tensor& maps) {
  std::vector<int64_t> dimensions{0};
  for (int64_t i = 2; i < maps.dim(); ++i) dimensions.push_back(i);
  return dimensions;
}

// [C] as [1, C, 1, 1], in the numbers and the place of maps.
at::Tensor beside(const at::Tensor& values, const at::Tensor& maps) {
  std::vector<int64_t> shape(static_cast<size_t>(maps.dim()), 1);
  shape[1] = -1;
  return values.to(maps.options()).view(shape);
}

at::Tensor inFullPrecision(const at::Tensor& maps) {
  return maps.scalar_type() == at::kDouble ? maps : maps.to(at::kFloat);
}

at::Tensor onCpu(const at::Tensor& values) { return values.to(at::kCPU, at::kDouble).contiguous(); }

struct SharedNorm : torch::autograd::Function<SharedNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias,
                            const NormState& state, const Engine::Group& group) {
    const at::Tensor maps = inFullPrecision(input);
    const int64_t channels = maps.size(1);
    const double count = static_cast<double>(maps.numel() / channels);
    const auto [variance, mean] = at::var_mean(maps, allButChannels(maps), /*unbiased=*/false);
    const at::Tensor own = at::stack({at::full({channels}, count, at::kDouble), onCpu(mean), onCpu(variance).mul(count)});
    // Moments of parts are joined as by Chan, Golub and LeVeque (1983), equation 2.1.
    const at::Tensor all = rowsOfAll(group, own);
    double total = all[0][0][0].item<double>();
    at::Tensor jointMean = all[0][1];
    at::Tensor squares = all[0][2];
    for (int64_t rank = 1; rank < all.size(0); ++rank) {
      const double next = all[rank][0][0].item<double>();
      const at::Tensor distance = all[rank][1] - jointMean;
      squares = squares + all[rank][2] + distance.square().mul(total * next / (total + next));
      jointMean = jointMean + distance.mul(next / (total + next));
      total += next;
    }
    const at::Tensor inverse = (squares / total + state.eps).rsqrt();
    if (state.runningMean.defined()) {
      const at::Tensor unbiased = squares / std::max(total - 1, 1.0);
      state.runningMean.lerp_(jointMean.to(state.runningMean.options()), state.momentum);
      state.runningVar.lerp_(unbiased.to(state.runningVar.options()), state.momentum);
    }
    context->save_for_backward({input, weight});
    context->saved_data["mean"] = jointMean;
    context->saved_data["inverse"] = inverse;
    context->saved_data["counts"] = all.select(1, 0).select(1, 0).contiguous();
    context->saved_data["meanLoss"] = state.meanLoss;
    context->saved_data["group"] = c10::IValue::make_capsule(c10::make_intrusive<GroupHolder>(group));
    const at::Tensor normalised = (maps - beside(jointMean, maps)).mul_(beside(inverse, maps));
    return normalised.mul_(beside(weight, maps)).add_(beside(bias, maps)).to(input.scalar_type());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "batch normalisation over several processes has no second derivative");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &input = saved[0], &weight = saved[1];
    const at::Tensor mean = context->saved_data["mean"].toTensor();
    const at::Tensor inverse = context->saved_data["inverse"].toTensor();
    const at::Tensor counts = context->saved_data["counts"].toTensor();
    const auto holder = c10::static_intrusive_pointer_cast<GroupHolder>(context->saved_data["group"].toCapsule());
    const at::Tensor maps = inFullPrecision(input);
    const at::Tensor gradient = inFullPrecision(gradients[0]);
    const at::Tensor normalised = (maps - beside(mean, maps)).mul_(beside(inverse, maps));
    const auto dimensions = allButChannels(maps);
    const at::Tensor sum = gradient.sum(dimensions);
    const at::Tensor product = (gradient * normalised).sum(dimensions);
    const at::Tensor all = rowsOfAll(holder->group, at::stack({onCpu(sum), onCpu(product)}));
    const double total = counts.sum().item<double>();
    const bool meanLoss = context->saved_data["meanLoss"].toBool();
    const double own = static_cast<double>(maps.numel() / maps.size(1));
    at::Tensor joint = at::zeros_like(all[0]);
    for (int64_t rank = 0; rank < all.size(0); ++rank) {
      // A mean counts by its share of the images, and this process's own share is taken into account by the caller.
      const double share = meanLoss ? counts[rank].item<double>() / own : 1;
      joint = joint + all[rank].mul(share / total);
    }
    at::Tensor forInput = gradient - beside(joint[0], maps);
    forInput.sub_(normalised.mul(beside(joint[1], maps))).mul_(beside(inverse, maps)).mul_(beside(weight, maps));
    return {forInput.to(input.scalar_type()), product.to(weight.options()), sum.to(weight.options()), at::Tensor(), at::Tensor()};
  }
};

// sharedBatchNorm(group, input, weight, bias, runningMean, runningVar, momentum, eps, meanLoss) -> tensor. `input` is [N, C, …]; the running
// statistics move, and may both be null.
Napi::Value sharedBatchNorm(const Napi::CallbackInfo& info) {
  const Engine::Group group = engineOf(info.Env()).groups.get(numberArgument(info, 0, "a process group"));
  NormState state;
  if (info[4].IsNumber()) {
    state.runningMean = tensorArgument(info, 4);
    state.runningVar = tensorArgument(info, 5);
  }
  state.momentum = numberArgument(info, 6, "the momentum");
  state.eps = numberArgument(info, 7, "eps");
  state.meanLoss = booleanArgument(info, 8, "whether the loss is a mean");
  return tensorResult(info.Env(), SharedNorm::apply(tensorArgument(info, 1), tensorArgument(info, 2), tensorArgument(info, 3), state, group));
}

}  // namespace

void registerSharedNorm(Napi::Env env, Napi::Object exports) { define<sharedBatchNorm>(env, exports, "sharedBatchNorm"); }

}  // namespace reat

#endif
