// What only CUDA has: captured graphs, numbers of the device's memory, and the reason why no device can be used.
#include "engine.h"

#ifdef REAT_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>
#endif

namespace reat {

#ifdef REAT_CUDA

// A graph keeps the generators whose state it advances, and belongs to the stream it was captured on.
struct CudaGraph {
  at::cuda::CUDAGraph graph;
  std::vector<at::Generator> generators;
};

// A separate stream on one device, current while it is open, because the default stream cannot be captured.
struct SideStream {
  explicit SideStream(c10::cuda::CUDAStream side)
      : before(c10::cuda::getCurrentCUDAStream(side.device_index())), guard(side) {}
  c10::cuda::CUDAStream before;
  c10::cuda::CUDAStreamGuard guard;
};

void SideStreamDeleter::operator()(SideStream* stream) const { delete stream; }

namespace {

c10::Device cudaArgument(const Napi::CallbackInfo& info, size_t index) {
  c10::Device device(stringArgument(info, index, "device"));
  if (!device.is_cuda()) throw std::runtime_error("a CUDA device is needed, got " + device.str());
  if (!device.has_index()) device.set_index(c10::cuda::current_device());
  return device;
}

Engine::CapturedGraph& graphArgument(const Napi::CallbackInfo& info, size_t index) {
  return const_cast<Engine::CapturedGraph&>(engineOf(info.Env()).graphs.get(numberArgument(info, index, "a graph handle")));
}

// openSideStream(device): everything queued before this call is done before anything on the new stream.
Napi::Value openSideStream(const Napi::CallbackInfo& info) {
  Engine& engine = engineOf(info.Env());
  if (engine.sideStream) throw std::runtime_error("a side stream is open already");
  const auto device = cudaArgument(info, 0);
  torch::cuda::synchronize(device.index());
  engine.sideStream.reset(new SideStream(c10::cuda::getStreamFromPool(false, device.index())));
  return info.Env().Undefined();
}

Napi::Value closeSideStream(const Napi::CallbackInfo& info) {
  Engine& engine = engineOf(info.Env());
  if (!engine.sideStream) throw std::runtime_error("no side stream is open");
  const auto device = engine.sideStream->before.device_index();
  engine.sideStream.reset();
  torch::cuda::synchronize(device);
  return info.Env().Undefined();
}

// beginCapture(generators): everything on the open side stream is recorded instead of run, until endCapture.
Napi::Value beginCapture(const Napi::CallbackInfo& info) {
  Engine& engine = engineOf(info.Env());
  if (!engine.sideStream) throw std::runtime_error("a capture needs an open side stream");
  if (engine.capturing) throw std::runtime_error("a capture is running already");
  if (!info[0].IsArray()) throw std::runtime_error("generators must be an array");
  auto captured = std::make_shared<CudaGraph>();
  const auto handles = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < handles.Length(); ++i) {
    const Napi::Value handle = handles.Get(i);
    if (!handle.IsNumber()) throw std::runtime_error("generators must be an array of generators");
    captured->generators.push_back(engine.generators.get(handle.As<Napi::Number>().DoubleValue()));
  }
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  for (const auto& generator : captured->generators) captured->graph.register_generator_state(generator);
#else
  if (!captured->generators.empty())
    throw std::runtime_error("LibTorch " TORCH_VERSION " captures no generators of one's own: 2.4 or newer is needed");
#endif
  captured->graph.capture_begin();
  engine.capturing = std::move(captured);
  return info.Env().Undefined();
}

// endCapture() -> graph handle
Napi::Value endCapture(const Napi::CallbackInfo& info) {
  Engine& engine = engineOf(info.Env());
  if (!engine.capturing) throw std::runtime_error("no capture is running");
  const auto captured = std::move(engine.capturing);
  engine.capturing.reset();
  captured->graph.capture_end();
  return Napi::Number::New(info.Env(), engine.graphs.add(captured));
}

// Ends a capture whose body failed. It reports no failure of its own, because the first one is what counts.
Napi::Value abandonCapture(const Napi::CallbackInfo& info) {
  Engine& engine = engineOf(info.Env());
  const auto captured = std::move(engine.capturing);
  engine.capturing.reset();
  if (!captured) return info.Env().Undefined();
  try {
    captured->graph.capture_end();
    captured->graph.reset();
  } catch (const std::exception&) {
  }
  return info.Env().Undefined();
}

// replayGraph(handle): on the current stream; returns before the device is done.
Napi::Value replayGraph(const Napi::CallbackInfo& info) {
  graphArgument(info, 0)->graph.replay();
  return info.Env().Undefined();
}

Napi::Value disposeGraph(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), engineOf(info.Env()).graphs.remove(numberArgument(info, 0, "a graph handle")));
}

// deviceMemory(device) -> bytes: { free, total, allocated, reserved, peak }
Napi::Value deviceMemory(const Napi::CallbackInfo& info) {
  const auto device = cudaArgument(info, 0);
  const c10::cuda::CUDAGuard guard(device);
  size_t free = 0;
  size_t total = 0;
  C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device.index());
  auto result = Napi::Object::New(info.Env());
  result.Set("free", static_cast<double>(free));
  result.Set("total", static_cast<double>(total));
  result.Set("allocated", static_cast<double>(stats.allocated_bytes[0].current));
  result.Set("reserved", static_cast<double>(stats.reserved_bytes[0].current));
  result.Set("peak", static_cast<double>(stats.allocated_bytes[0].peak));
  return result;
}

Napi::Value releaseCachedMemory(const Napi::CallbackInfo& info) {
  c10::cuda::CUDACachingAllocator::emptyCache();
  return info.Env().Undefined();
}

}  // namespace

// LibTorch's own message for a driver that is missing, too old, or broken.
std::string cudaProblem() {
  try {
    c10::cuda::device_count_ensure_non_zero();
    return "";
  } catch (const std::exception& error) {
    return plainMessage(error);
  }
}

#else

struct CudaGraph {};
struct SideStream {};
void SideStreamDeleter::operator()(SideStream* stream) const { delete stream; }

namespace {

Napi::Value needsCuda(const Napi::CallbackInfo&) {
  throw std::runtime_error("this addon was built without CUDA's headers or against a LibTorch without CUDA");
}

constexpr auto& openSideStream = needsCuda;
constexpr auto& closeSideStream = needsCuda;
constexpr auto& beginCapture = needsCuda;
constexpr auto& endCapture = needsCuda;
constexpr auto& abandonCapture = needsCuda;
constexpr auto& replayGraph = needsCuda;
constexpr auto& disposeGraph = needsCuda;
constexpr auto& deviceMemory = needsCuda;
constexpr auto& releaseCachedMemory = needsCuda;

}  // namespace

std::string cudaProblem() { return ""; }

#endif

void registerCuda(Napi::Env env, Napi::Object exports) {
  define<openSideStream>(env, exports, "openSideStream");
  define<closeSideStream>(env, exports, "closeSideStream");
  define<beginCapture>(env, exports, "beginCapture");
  define<endCapture>(env, exports, "endCapture");
  define<abandonCapture>(env, exports, "abandonCapture");
  define<replayGraph>(env, exports, "replayGraph");
  define<disposeGraph>(env, exports, "disposeGraph");
  define<deviceMemory>(env, exports, "deviceMemory");
  define<releaseCachedMemory>(env, exports, "releaseCachedMemory");
}

}  // namespace reat
