// Gradients, and the modes that switch their recording on and off.
#include "engine.h"

namespace reat {

namespace {

// grad(outputs, inputs, gradOutputs, retainGraph, createGraph, allowUnused) -> handles, null where unused.
Napi::Value grad(const Napi::CallbackInfo& info) {
  const auto outputs = tensorListArgument(info, 0, "outputs");
  const auto inputs = tensorListArgument(info, 1, "inputs");
  const auto gradOutputs = tensorListArgument(info, 2, "gradOutputs");
  const bool retainGraph = booleanArgument(info, 3, "retainGraph");
  const bool createGraph = booleanArgument(info, 4, "createGraph");
  const bool allowUnused = booleanArgument(info, 5, "allowUnused");
  for (const auto& tensor : outputs)
    if (!tensor.defined()) throw std::runtime_error("outputs must be tensors");
  for (const auto& tensor : inputs)
    if (!tensor.defined()) throw std::runtime_error("inputs must be tensors");
  const auto gradients = torch::autograd::grad(outputs, inputs, gradOutputs, retainGraph, createGraph, allowUnused);
  auto result = Napi::Array::New(info.Env(), gradients.size());
  for (size_t i = 0; i < gradients.size(); ++i)
    result.Set(static_cast<uint32_t>(i), tensorResult(info.Env(), gradients[i]));
  return result;
}

Napi::Value setRequiresGrad(const Napi::CallbackInfo& info) {
  at::Tensor tensor = tensorArgument(info, 0);
  tensor.requires_grad_(booleanArgument(info, 1, "requiresGrad"));
  return info.Env().Undefined();
}

Napi::Value requiresGrad(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), tensorArgument(info, 0).requires_grad());
}

Napi::Value isGradEnabled(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), at::GradMode::is_enabled());
}

Napi::Value setGradEnabled(const Napi::CallbackInfo& info) {
  at::GradMode::set_enabled(booleanArgument(info, 0, "enabled"));
  return info.Env().Undefined();
}

Napi::Value pushInferenceMode(const Napi::CallbackInfo& info) {
  engineOf(info.Env()).inferenceGuards.push_back(
      std::make_unique<c10::InferenceMode>(booleanArgument(info, 0, "enabled")));
  return info.Env().Undefined();
}

Napi::Value popInferenceMode(const Napi::CallbackInfo& info) {
  auto& guards = engineOf(info.Env()).inferenceGuards;
  if (guards.empty()) throw std::runtime_error("inference mode is not open");
  guards.pop_back();
  return info.Env().Undefined();
}

}  // namespace

void registerAutograd(Napi::Env env, Napi::Object exports) {
  define<grad>(env, exports, "grad");
  define<setRequiresGrad>(env, exports, "setRequiresGrad");
  define<requiresGrad>(env, exports, "requiresGrad");
  define<isGradEnabled>(env, exports, "isGradEnabled");
  define<setGradEnabled>(env, exports, "setGradEnabled");
  define<pushInferenceMode>(env, exports, "pushInferenceMode");
  define<popInferenceMode>(env, exports, "popInferenceMode");
}

}  // namespace reat
