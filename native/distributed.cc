// A group of processes that add and share tensors, through the process groups in LibTorch (c10d): Gloo for tensors on the CPU, NCCL on CUDA.
#include "rows_of_all.h"

#ifdef REAT_DISTRIBUTED
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#ifdef REAT_NCCL
#include <c10/cuda/CUDAGuard.h>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <future>

#include "pulse.h"
#endif

namespace reat {

#ifdef REAT_DISTRIBUTED

struct ProcessGroup {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
  std::unique_ptr<Pulse> pulse;
  Milliseconds timeout;
#ifdef REAT_NCCL
  // Made with the first tensor on CUDA.
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> nccl;
#endif
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

#ifdef REAT_NCCL
constexpr bool sharesCuda = true;

c10d::ProcessGroupNCCL& ncclOf(ProcessGroup& group) {
  if (!group.nccl) {
    // By themselves NCCL's threads end the whole process when another one is lost. Here the call fails instead.
    setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", 0);
    setenv("TORCH_NCCL_ENABLE_MONITORING", "0", 0);
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = group.timeout;
    group.nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(
        c10::make_intrusive<c10d::PrefixStore>("nccl", group.store), group.gloo->getRank(), group.gloo->getSize(), options);
  }
  return *group.nccl;
}

template <class Call>
void callNccl(ProcessGroup& group, const c10::cuda::CUDAStream& stream, const Call& call) {
  // NCCL would wait for a process that is gone until the time limit. Gloo misses it at once.
  group.gloo->barrier()->wait();
  const c10::cuda::CUDAStreamGuard guard(stream);
  const auto work = call(ncclOf(group));
  // This only makes the stream wait, not the thread.
  work->wait();
  const auto end = Clock::now() + group.timeout;
  while (!work->isCompleted()) {
    if (Clock::now() > end) throw std::runtime_error("the GPUs did not finish their exchange in time");
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  if (work->exception()) std::rethrow_exception(work->exception());
}

// Its destructor would wait for exchanges that never end.
void endNccl(ProcessGroup& group) {
  if (group.nccl) group.nccl->abort();
  group.nccl.reset();
}
#else
constexpr bool sharesCuda = false;

void endNccl(ProcessGroup&) {}
#endif

// Makes a call on the backend of the tensor's device and waits for its end in another thread.
template <class Call>
Napi::Value collective(Napi::Env env, Engine::Group group, at::Tensor tensor, Call call, Wait::Finish finish) {
#ifdef REAT_NCCL
  if (tensor.is_cuda()) {
    // Every thread has a current stream of its own.
    const auto stream = c10::cuda::getCurrentCUDAStream(tensor.get_device());
    return Wait::start(env, [=] { callNccl(*group, stream, call); }, std::move(finish));
  }
#endif
  const auto work = call(*group->gloo);
  return Wait::start(env, [group, tensor, work] { work->wait(); }, std::move(finish));
}

at::Tensor sharedArgument(const Napi::CallbackInfo& info) {
  at::Tensor tensor = tensorArgument(info, 1);
  const bool shareable = tensor.device().is_cpu() || (sharesCuda && tensor.device().is_cuda());
  if (!shareable || !tensor.is_contiguous())
    throw std::runtime_error(std::string("A tensor that processes share must be contiguous and on the CPU") +
                             (sharesCuda ? " or CUDA" : "") + ", got " + describe(tensor));
  return tensor.detach();
}

// openGroup(host, port, rank, size, address, milliseconds) -> promise of a handle. Rank 0 keeps the store at that port.
Napi::Value openGroup(const Napi::CallbackInfo& info) {
  const std::string host = stringArgument(info, 0, "the store's host");
  const auto port = static_cast<uint16_t>(numberArgument(info, 1, "the store's port"));
  const int rank = static_cast<int>(numberArgument(info, 2, "the rank"));
  const int size = static_cast<int>(numberArgument(info, 3, "the number of processes"));
  const std::string address = stringArgument(info, 4, "the own address");
  const Milliseconds timeout(static_cast<int64_t>(numberArgument(info, 5, "the time limit")));
  const auto group = std::make_shared<ProcessGroup>();
  group->timeout = timeout;
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
    // A client of its own: calls of one client wait for each other.
    store.isServer = false;
    store.waitWorkers = false;
    group->pulse = std::make_unique<Pulse>(c10::make_intrusive<c10d::TCPStore>(host, store), rank);
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
  const auto close = [group] {
    endNccl(**group);
    group->reset();
  };
  return Wait::start(info.Env(), close, nothing);
}

// allReduce(group, tensor) -> promise: the sum over all processes, in place.
Napi::Value allReduce(const Napi::CallbackInfo& info) {
  const at::Tensor tensor = sharedArgument(info);
  const auto call = [tensor](auto& backend) {
    std::vector<at::Tensor> tensors{tensor};
    return backend.allreduce(tensors);
  };
  return collective(info.Env(), groupArgument(info), tensor, call, nothing);
}

// broadcast(group, tensor, root) -> promise: the tensor of rank `root`, in place.
Napi::Value broadcast(const Napi::CallbackInfo& info) {
  const at::Tensor tensor = sharedArgument(info);
  c10d::BroadcastOptions options;
  options.rootRank = static_cast<int64_t>(numberArgument(info, 2, "the root's rank"));
  const auto call = [tensor, options](auto& backend) {
    std::vector<at::Tensor> tensors{tensor};
    return backend.broadcast(tensors, options);
  };
  return collective(info.Env(), groupArgument(info), tensor, call, nothing);
}

// allGather(group, tensor) -> promise of a tensor [size, ...]: each process's tensor, in the order of ranks.
Napi::Value allGather(const Napi::CallbackInfo& info) {
  const Engine::Group group = groupArgument(info);
  const at::Tensor tensor = sharedArgument(info);
  auto sizes = tensor.sizes().vec();
  sizes.insert(sizes.begin(), group->gloo->getSize());
  const at::Tensor gathered = at::empty(sizes, tensor.options());
  const auto call = [tensor, gathered](auto& backend) {
    std::vector<at::Tensor> inputs{tensor};
    std::vector<std::vector<at::Tensor>> outputs{gathered.unbind()};
    return backend.allgather(outputs, inputs);
  };
  return collective(info.Env(), group, tensor, call, [gathered](Napi::Env env) { return tensorResult(env, gathered); });
}

// barrier(group) -> promise: when every process has come here.
Napi::Value barrier(const Napi::CallbackInfo& info) {
  const Engine::Group group = groupArgument(info);
  const auto work = group->gloo->barrier();
  return Wait::start(info.Env(), [group, work] { work->wait(); }, nothing);
}

// Those of the others for whom `is` does not become true in time.
std::vector<int> without(int rank, int size, Milliseconds limit, const std::function<bool(int)>& is) {
  std::vector<int> left;
  for (int other = 0; other < size; ++other)
    if (other != rank) left.push_back(other);
  const auto end = Clock::now() + limit;
  for (;;) {
    std::vector<int> still;
    for (const int other : left)
      if (!is(other)) still.push_back(other);
    left = still;
    if (left.empty() || Clock::now() > end) return left;
    std::this_thread::sleep_for(betweenBeats / 4);
  }
}

bool contains(const std::vector<int>& ranks, int rank) {
  return std::find(ranks.begin(), ranks.end(), rank) != ranks.end();
}

// The ranks that are gone or stand still; if there is none, those that live and did not come. Rank 0 is gone where its store is.
std::vector<int> lostRanks(const Engine::Group& group, int rank, int size) {
  c10d::Store& store = *group->store;
  bool heardOfFirst = false;
  try {
    store.set(placeOf("failed", rank), std::vector<uint8_t>{1});
    std::vector<int64_t> before;
    for (int other = 0; other < size; ++other) before.push_back(store.add(placeOf("beats", other), 0));
    std::vector<int> lost = without(rank, size, listening, [&](int other) {
      return store.add(placeOf("beats", other), 0) != before[static_cast<size_t>(other)];
    });
    heardOfFirst = !contains(lost, 0);
    const auto living = [&](const char* what) {
      return [&, what](int other) { return contains(lost, other) || store.check({placeOf(what, other)}); };
    };
    if (lost.empty()) lost = without(rank, size, listening, living("failed"));
    store.set(placeOf("left", rank), std::vector<uint8_t>{1});
    // The store is rank 0's, so it leaves last.
    if (rank == 0) without(rank, size, 2 * listening, living("left"));
    return lost;
  } catch (const std::exception&) {
    return heardOfFirst ? std::vector<int>{} : std::vector<int>{0};
  }
}

// rollCall(group) -> promise of the ranks that were lost. For after a failure, once in a group's life.
Napi::Value rollCall(const Napi::CallbackInfo& info) {
  const Engine::Group group = groupArgument(info);
  const auto lost = std::make_shared<std::vector<int>>();
  const auto call = [group, lost] {
    const int rank = group->gloo->getRank();
    const int size = group->gloo->getSize();
    // Others may still wait for this process; without its connections they come here too.
    group->gloo.reset();
    endNccl(*group);
    // In a thread of its own, because a store whose process stands still may never answer.
    const auto answer = std::make_shared<std::promise<std::vector<int>>>();
    auto answered = answer->get_future();
    std::thread([group, answer, rank, size] { answer->set_value(lostRanks(group, rank, size)); }).detach();
    const bool inTime = answered.wait_for(5 * listening) == std::future_status::ready;
    *lost = inTime ? answered.get() : std::vector<int>{0};
  };
  return Wait::start(info.Env(), call, [lost](Napi::Env env) -> Napi::Value {
    Napi::Array ranks = Napi::Array::New(env, lost->size());
    for (size_t i = 0; i < lost->size(); ++i) ranks.Set(static_cast<uint32_t>(i), (*lost)[i]);
    return ranks;
  });
}

}  // namespace

at::Tensor rowsOfAll(const Engine::Group& group, const at::Tensor& row) {
  if (!group->gloo) throw std::runtime_error(std::string(exchangeFailed) + "an earlier call failed");
  auto sizes = row.sizes().vec();
  sizes.insert(sizes.begin(), group->gloo->getSize());
  const at::Tensor gathered = at::empty(sizes, row.options());
  std::vector<at::Tensor> inputs{row};
  std::vector<std::vector<at::Tensor>> outputs{gathered.unbind()};
  try {
    group->gloo->allgather(outputs, inputs)->wait();
  } catch (const std::exception& error) {
    throw std::runtime_error(exchangeFailed + plainMessage(error));
  }
  return gathered;
}

void registerDistributed(Napi::Env env, Napi::Object exports) {
  registerSharedNorm(env, exports);
  define<openGroup>(env, exports, "openGroup");
  define<closeGroup>(env, exports, "closeGroup");
  define<allReduce>(env, exports, "allReduce");
  define<broadcast>(env, exports, "broadcast");
  define<allGather>(env, exports, "allGather");
  define<barrier>(env, exports, "barrier");
  define<rollCall>(env, exports, "rollCall");
  exports.Set("sharesCuda", Napi::Boolean::New(env, sharesCuda));
}

#else

struct ProcessGroup {};

void registerDistributed(Napi::Env, Napi::Object) {}

#endif

}  // namespace reat
