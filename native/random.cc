// Random number generators with a seed and a state that can be saved.
#include <ATen/CPUGeneratorImpl.h>

#include "engine.h"

namespace reat {

namespace {

const at::Generator& generatorArgument(const Napi::CallbackInfo& info, size_t index) {
  return engineOf(info.Env()).generators.get(numberArgument(info, index, "a generator handle"));
}

uint64_t seedArgument(const Napi::CallbackInfo& info, size_t index) {
  const double seed = numberArgument(info, index, "seed");
  if (!(seed >= 0 && seed <= 9007199254740991.0) || seed != static_cast<double>(static_cast<uint64_t>(seed)))
    throw std::runtime_error("a seed must be an integer from 0 to 2^53 - 1");
  return static_cast<uint64_t>(seed);
}

// createGenerator(device, seed)
Napi::Value createGenerator(const Napi::CallbackInfo& info) {
  const c10::Device device(stringArgument(info, 0, "device"));
  const uint64_t seed = seedArgument(info, 1);
  // A clone of the device's default generator is independent of it, and making one needs no CUDA header.
  at::Generator generator = device.is_cpu() ? at::detail::createCPUGenerator(seed)
                                            : at::globalContext().defaultGenerator(device).clone();
  generator.set_current_seed(seed);
  return Napi::Number::New(info.Env(), engineOf(info.Env()).generators.add(generator));
}

Napi::Value generatorState(const Napi::CallbackInfo& info) {
  return tensorResult(info.Env(), generatorArgument(info, 0).get_state());
}

Napi::Value setGeneratorState(const Napi::CallbackInfo& info) {
  at::Generator generator = generatorArgument(info, 0);
  generator.set_state(tensorArgument(info, 1));
  return info.Env().Undefined();
}

Napi::Value seedGenerator(const Napi::CallbackInfo& info) {
  at::Generator generator = generatorArgument(info, 0);
  generator.set_current_seed(seedArgument(info, 1));
  return info.Env().Undefined();
}

Napi::Value disposeGenerator(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(),
                            engineOf(info.Env()).generators.remove(numberArgument(info, 0, "a generator handle")));
}

}  // namespace

void registerRandom(Napi::Env env, Napi::Object exports) {
  define<createGenerator>(env, exports, "createGenerator");
  define<generatorState>(env, exports, "generatorState");
  define<setGeneratorState>(env, exports, "setGeneratorState");
  define<seedGenerator>(env, exports, "seedGenerator");
  define<disposeGenerator>(env, exports, "disposeGenerator");
}

}  // namespace reat
