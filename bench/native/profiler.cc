// The time of each LibTorch operator without the time of the operators that it calls, summed by name. LibTorch itself records its
// function calls. On the CPU backward passes run in the thread that asks for them, so recording one thread records all calls.
#include <ATen/record_function.h>
#include <node_api.h>

#include <chrono>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Call {
  Clock::time_point began;
  double inCalled = 0;
};

struct Sum {
  double seconds = 0;
  double calls = 0;
};

thread_local std::vector<Call> open;
std::unordered_map<std::string, Sum> sums;
at::CallbackHandle handle = 0;

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction&) {
  open.push_back({Clock::now()});
  return nullptr;
}

void end(const at::RecordFunction& function, at::ObserverContext*) {
  if (open.empty()) return;
  const Call call = open.back();
  open.pop_back();
  const double all = std::chrono::duration<double>(Clock::now() - call.began).count();
  Sum& sum = sums[function.name()];
  sum.seconds += all - call.inCalled;
  sum.calls += 1;
  if (!open.empty()) open.back().inCalled += all;
}

napi_value start(napi_env, napi_callback_info) {
  sums.clear();
  open.clear();
  handle = at::addGlobalCallback(at::RecordFunctionCallback(begin, end));
  return nullptr;
}

/** { operator: [seconds, calls] } */
napi_value stop(napi_env env, napi_callback_info) {
  at::removeCallback(handle);
  napi_value result;
  napi_create_object(env, &result);
  for (const auto& [name, sum] : sums) {
    napi_value pair, seconds, calls;
    napi_create_array_with_length(env, 2, &pair);
    napi_create_double(env, sum.seconds, &seconds);
    napi_create_double(env, sum.calls, &calls);
    napi_set_element(env, pair, 0, seconds);
    napi_set_element(env, pair, 1, calls);
    napi_set_named_property(env, result, name.c_str(), pair);
  }
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "start", NAPI_AUTO_LENGTH, start, nullptr, &function);
  napi_set_named_property(env, exports, "start", function);
  napi_create_function(env, "stop", NAPI_AUTO_LENGTH, stop, nullptr, &function);
  napi_set_named_property(env, exports, "stop", function);
  return exports;
}
