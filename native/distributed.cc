// A group of processes that add and share tensors, through the process groups in LibTorch (c10d with Gloo).
#include "engine.h"

#ifdef REAT_DISTRIBUTED
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <functional>
#endif

namespace reat {

#ifdef REAT_DISTRIBUTED

struct ProcessGroup {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
};

namespace {

// Waits in a thread of Node's pool, so that JavaScript goes on; the promise ends with what `finish` makes.
class Wait : public Napi::AsyncWorker {
 public:
  using Finish = std::function<Napi::Value(Napi::Env)>;

  static Napi::Value start(Napi::Env env, std::function<void()> body, Finish finish) {
    auto* wait = new Wait(env, std::move(body), std::move(finish));
    const auto promise = wait->deferred_.Promise();
    wait->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    try {
      body_();
    } catch (const std::exception& error) {
      SetError(plainMessage(error));
    } catch (...) {
      SetError("unknown native failure");
    }
    body_ = nullptr;
  }
  void OnOK() override { deferred_.Resolve(finish_(Env())); }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Wait(Napi::Env env, std::function<void()> body, Finish finish)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        body_(std::move(body)),
        finish_(std::move(finish)) {}

  Napi::Promise::Deferred deferred_;
  std::function<void()> body_;
  Finish finish_;
};

// LibTorch 2.4 and newer ask for libuv by themselves, also where they were built without it, as Debian 13's was. Older ones have no choice.
template <class Options>
auto withoutLibuv(Options& options, int) -> decltype(options.useLibUV = false, void()) {
  options.useLibUV = false;
}
template <class Options>
void withoutLibuv(Options&, long) {}

Napi::Value nothing(Napi::Env env) { return env.Undefined(); }

const Engine::Group& groupArgument(const Napi::CallbackInfo& info) {
  return engineOf(info.Env()).groups.get(numberArgument(info, 0, "a process group"));
}

at::Tensor sharedArgument(const Napi::CallbackInfo& info) {
  at::Tensor tensor = tensorArgument(info, 1);
  if (!tensor.device().is_cpu() || !tensor.is_contiguous())
    throw std::runtime_error("A tensor that processes share must be contiguous and on the CPU, got " + describe(tensor));
  return tensor.detach();
}

// openGroup(host, port, rank, size, address, milliseconds) -> promise of a handle. Rank 0 keeps the store at that port.
Napi::Value openGroup(const Napi::CallbackInfo& info) {
  const std::string host = stringArgument(info, 0, "the store's host");
  const auto port = static_cast<uint16_t>(numberArgument(info, 1, "the store's port"));
  const int rank = static_cast<int>(numberArgument(info, 2, "the rank"));
  const int size = static_cast<int>(numberArgument(info, 3, "the number of processes"));
  const std::string address = stringArgument(info, 4, "the own address");
  const std::chrono::milliseconds timeout(static_cast<int64_t>(numberArgument(info, 5, "the time limit")));
  const auto group = std::make_shared<ProcessGroup>();
  const auto open = [=] {
    c10d::TCPStoreOptions store;
    store.port = port;
    store.isServer = rank == 0;
    store.numWorkers = static_cast<size_t>(size);
    store.timeout = timeout;
    withoutLibuv(store, 0);
    group->store = c10::make_intrusive<c10d::TCPStore>(host, store);
    auto options = c10d::ProcessGroupGloo::Options::create(timeout);
    // By default Gloo binds the address of the host's name, which may be the loopback interface.
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(address));
    group->gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(group->store, rank, size, options);
  };
  return Wait::start(info.Env(), open, [group](Napi::Env env) -> Napi::Value {
    return Napi::Number::New(env, engineOf(env).groups.add(group));
  });
}

// closeGroup(group) -> promise. Calls that still wait keep what they need.
Napi::Value closeGroup(const Napi::CallbackInfo& info) {
  const double handle = numberArgument(info, 0, "a process group");
  auto group = std::make_shared<Engine::Group>(groupArgument(info));
  engineOf(info.Env()).groups.remove(handle);
  return Wait::start(info.Env(), [group] { group->reset(); }, nothing);
}

// allReduce(group, tensor) -> promise: the sum over all processes, in place.
Napi::Value allReduce(const Napi::CallbackInfo& info) {
  const Engine::Group group = groupArgument(info);
  std::vector<at::Tensor> tensors{sharedArgument(info)};
  const auto work = group->gloo->allreduce(tensors);
  return Wait::start(info.Env(), [group, work] { work->wait(); }, nothing);
}

// broadcast(group, tensor, root) -> promise: the tensor of rank `root`, in place.
Napi::Value broadcast(const Napi::CallbackInfo& info) {
  const Engine::Group group = groupArgument(info);
  std::vector<at::Tensor> tensors{sharedArgument(info)};
  c10d::BroadcastOptions options;
  options.rootRank = static_cast<int64_t>(numberArgument(info, 2, "the root's rank"));
  const auto work = group->gloo->broadcast(tensors, options);
  return Wait::start(info.Env(), [group, work] { work->wait(); }, nothing);
}

// allGather(group, tensor) -> promise of a tensor [size, ...]: each process's tensor, in the order of ranks.
Napi::Value allGather(const Napi::CallbackInfo& info) {
  const Engine::Group group = groupArgument(info);
  std::vector<at::Tensor> inputs{sharedArgument(info)};
  const int size = group->gloo->getSize();
  auto sizes = inputs[0].sizes().vec();
  sizes.insert(sizes.begin(), size);
  const at::Tensor gathered = at::empty(sizes, inputs[0].options());
  std::vector<std::vector<at::Tensor>> outputs{gathered.unbind()};
  const auto work = group->gloo->allgather(outputs, inputs);
  return Wait::start(
      info.Env(), [group, work] { work->wait(); },
      [gathered](Napi::Env env) { return tensorResult(env, gathered); });
}

// barrier(group) -> promise: when every process has come here.
Napi::Value barrier(const Napi::CallbackInfo& info) {
  const Engine::Group group = groupArgument(info);
  const auto work = group->gloo->barrier();
  return Wait::start(info.Env(), [group, work] { work->wait(); }, nothing);
}

}  // namespace

void registerDistributed(Napi::Env env, Napi::Object exports) {
  define<openGroup>(env, exports, "openGroup");
  define<closeGroup>(env, exports, "closeGroup");
  define<allReduce>(env, exports, "allReduce");
  define<broadcast>(env, exports, "broadcast");
  define<allGather>(env, exports, "allGather");
  define<barrier>(env, exports, "barrier");
}

#else

struct ProcessGroup {};

void registerDistributed(Napi::Env, Napi::Object) {}

#endif

}  // namespace reat
