// Threads, versions and what the loaded LibTorch can do.
#include <ATen/Parallel.h>
#include <ATen/Version.h>

#ifdef __linux__
#include <dlfcn.h>
#endif

#include <cstdlib>

#include "engine.h"

namespace reat {

namespace {

Napi::Value threads(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), at::get_num_threads()); }

// An OpenBLAS with its own threads lets them spin after a product, on cores that the next operator needs. Beside two threads of
// ours this costs more than its threads gain. An OpenBLAS that was built with OpenMP shares our threads and is left as it is.
void quietBlas() {
#ifdef __linux__
  if (std::getenv("OPENBLAS_NUM_THREADS") != nullptr) return;  // the user has decided
  void* library = dlopen("libopenblas.so.0", RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return;
  constexpr int kOwnThreads = 1;
  const auto kind = reinterpret_cast<int (*)()>(dlsym(library, "openblas_get_parallel"));
  const auto set = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"));
  if (kind != nullptr && set != nullptr && kind() == kOwnThreads) set(1);
  dlclose(library);
#endif
}

Napi::Value setThreads(const Napi::CallbackInfo& info) {
  const double count = numberArgument(info, 0, "the thread count");
  if (!(count >= 1 && count <= 1024) || count != static_cast<int>(count))
    throw std::runtime_error("the thread count must be an integer from 1 to 1024");
  at::set_num_threads(static_cast<int>(count));
  quietBlas();
  return info.Env().Undefined();
}

Napi::Value systemInfo(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto result = Napi::Object::New(env);
  result.Set("torchVersion", TORCH_VERSION);
#if defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
  result.Set("cxx11Abi", true);
#else
  result.Set("cxx11Abi", false);
#endif
  result.Set("config", at::show_config());
  result.Set("threads", at::get_num_threads());
  // Whether CUDA is compiled in, even if no device can be used: at::hasCUDA() is false if all devices are hidden.
  const bool hasCuda = c10::Dispatcher::singleton()
                           .findSchemaOrThrow("aten::mm", "")
                           .hasKernelForDispatchKey(c10::DispatchKey::CUDA);
  result.Set("hasCuda", hasCuda);
  // The number of devices is 0 without CUDA, and also with CUDA but without a driver.
  const auto devices = hasCuda ? torch::cuda::device_count() : 0;
  result.Set("cudaDeviceCount", static_cast<double>(devices));
#ifdef REAT_CUDA
  result.Set("cudaGraphs", true);
#else
  result.Set("cudaGraphs", false);
#endif
  result.Set("cudaProblem", hasCuda && devices == 0 ? cudaProblem() : std::string());
  return result;
}

// Waits until a device has done everything that was queued; on the CPU nothing is ever queued.
Napi::Value synchronize(const Napi::CallbackInfo& info) {
  const c10::Device device(stringArgument(info, 0, "device"));
  if (device.is_cuda()) torch::cuda::synchronize(device.index());
  return info.Env().Undefined();
}

}  // namespace

void registerSystem(Napi::Env env, Napi::Object exports) {
  define<threads>(env, exports, "threads");
  define<setThreads>(env, exports, "setThreads");
  define<systemInfo>(env, exports, "systemInfo");
  define<synchronize>(env, exports, "synchronize");
}

}  // namespace reat
