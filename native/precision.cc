// The precision of float32 computations, and autocast to a shorter type.
#include <ATen/autocast_mode.h>

#include "engine.h"

namespace reat {

namespace {

// setFloat32Precision("highest" | "high"): whether products and convolutions of float32 may run in TF32.
Napi::Value setFloat32Precision(const Napi::CallbackInfo& info) {
  const std::string precision = stringArgument(info, 0, "the float32 precision");
  if (precision != "highest" && precision != "high")
    throw std::runtime_error("the float32 precision must be highest or high, got '" + precision + "'");
  auto& context = at::globalContext();
  context.setFloat32MatmulPrecision(precision);
  // By default LibTorch lets cuDNN use TF32.
  context.setAllowTF32CuDNN(precision == "high");
  return info.Env().Undefined();
}

AutocastState currentAutocast(bool cuda) {
  using namespace at::autocast;
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  const auto type = cuda ? at::kCUDA : at::kCPU;
  return {cuda, is_autocast_enabled(type), get_autocast_dtype(type), is_autocast_cache_enabled()};
#else
  if (cuda) return {cuda, is_enabled(), get_autocast_gpu_dtype(), is_autocast_cache_enabled()};
  return {cuda, is_cpu_enabled(), get_autocast_cpu_dtype(), is_autocast_cache_enabled()};
#endif
}

void setAutocast(const AutocastState& state) {
  using namespace at::autocast;
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  const auto type = state.cuda ? at::kCUDA : at::kCPU;
  set_autocast_enabled(type, state.enabled);
  set_autocast_dtype(type, state.dtype);
#else
  if (state.cuda) {
    set_enabled(state.enabled);
    set_autocast_gpu_dtype(state.dtype);
  } else {
    set_cpu_enabled(state.enabled);
    set_autocast_cpu_dtype(state.dtype);
  }
#endif
  set_autocast_cache_enabled(state.cache);
}

// pushAutocast(device, dtype, enabled, cache)
Napi::Value pushAutocast(const Napi::CallbackInfo& info) {
  const c10::Device device(stringArgument(info, 0, "device"));
  if (!device.is_cpu() && !device.is_cuda())
    throw std::runtime_error("autocast works on cpu and cuda, got " + device.str());
  const auto dtype = scalarTypeFromName(stringArgument(info, 1, "dtype"));
  if (dtype != at::kBFloat16 && dtype != at::kHalf)
    throw std::runtime_error(std::string("autocast goes to bfloat16 or float16, got ") + scalarTypeName(dtype));
  const AutocastState wanted{device.is_cuda(), booleanArgument(info, 2, "enabled"), dtype,
                             booleanArgument(info, 3, "cache")};
  engineOf(info.Env()).autocastStates.push_back(currentAutocast(wanted.cuda));
  at::autocast::increment_nesting();
  setAutocast(wanted);
  return info.Env().Undefined();
}

Napi::Value popAutocast(const Napi::CallbackInfo& info) {
  auto& states = engineOf(info.Env()).autocastStates;
  if (states.empty()) throw std::runtime_error("autocast is not open");
  // The cache holds converted weights, which are out of date as soon as an optimiser changes the weights.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  setAutocast(states.back());
  states.pop_back();
  return info.Env().Undefined();
}

}  // namespace

void registerPrecision(Napi::Env env, Napi::Object exports) {
  define<setFloat32Precision>(env, exports, "setFloat32Precision");
  define<pushAutocast>(env, exports, "pushAutocast");
  define<popAutocast>(env, exports, "popAutocast");
}

}  // namespace reat
