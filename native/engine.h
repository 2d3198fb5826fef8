// State of the addon in one JavaScript environment, and the helpers its functions share.
#pragma once

#include <napi.h>
#include <torch/torch.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "handles.h"

namespace reat {

#if TORCH_VERSION_MAJOR >= 2
using OptionalTensor = std::optional<at::Tensor>;
#else
using OptionalTensor = c10::optional<at::Tensor>;
#endif

// Looked up once for each operator, so that a call only reads plain arrays.
struct Operator {
  c10::OperatorHandle handle;
  std::string name;
  bool returnsWritten;  // in-place and out= forms: the result is an argument, no new handle is made
};

// The setting of autocast for one kind of device, as it was before it was changed.
struct AutocastState {
  bool cuda;
  bool enabled;
  at::ScalarType dtype;
  bool cache;
};

// Defined only in cuda.cc, so that no other file needs CUDA's headers.
struct CudaGraph;
struct SideStream;
struct SideStreamDeleter {
  void operator()(SideStream* stream) const;
};

// Whole only in distributed.cc.
struct ProcessGroup;

struct Engine {
  using Group = std::shared_ptr<ProcessGroup>;
  HandleTable<Group> groups{"process group"};
  using CapturedGraph = std::shared_ptr<CudaGraph>;
  HandleTable<at::Tensor> tensors{"tensor"};
  HandleTable<at::Generator> generators{"generator"};
  HandleTable<CapturedGraph> graphs{"graph"};
  CapturedGraph capturing;
  std::unique_ptr<SideStream, SideStreamDeleter> sideStream;
  std::vector<AutocastState> autocastStates;
  std::vector<Operator> operators;
  std::unordered_map<std::string, uint32_t> operatorIndex;
  // Inference mode is a C++ guard. JavaScript opens and closes it, the last opened first.
  std::vector<std::unique_ptr<c10::InferenceMode>> inferenceGuards;
};

inline Engine& engineOf(Napi::Env env) { return *env.GetInstanceData<Engine>(); }

// An error's message without the C++ stack trace, on one line.
std::string plainMessage(const std::exception& error);

std::string describe(const at::Tensor& tensor);

// The reason why a LibTorch with CUDA can use no device. Empty if it can, or if the addon has no CUDA part.
std::string cudaProblem();

// Runs a function of the addon and turns every C++ exception into a JavaScript error.
template <Napi::Value (*body)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return body(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), plainMessage(error));
  } catch (...) {
    throw Napi::Error::New(info.Env(), "unknown native failure");
  }
}

double numberArgument(const Napi::CallbackInfo& info, size_t index, const char* what);
bool booleanArgument(const Napi::CallbackInfo& info, size_t index, const char* what);
std::string stringArgument(const Napi::CallbackInfo& info, size_t index, const char* what);
std::vector<int64_t> shapeArgument(const Napi::CallbackInfo& info, size_t index);

const at::Tensor& tensorArgument(const Napi::CallbackInfo& info, size_t index);
// An array of handles; null or undefined elements become undefined tensors.
std::vector<at::Tensor> tensorListArgument(const Napi::CallbackInfo& info, size_t index, const char* what);
Napi::Value tensorResult(Napi::Env env, at::Tensor tensor);

at::ScalarType scalarTypeFromName(const std::string& name);
const char* scalarTypeName(at::ScalarType type);

void registerOperatorCalls(Napi::Env env, Napi::Object exports);
void registerArrays(Napi::Env env, Napi::Object exports);
void registerAutograd(Napi::Env env, Napi::Object exports);
void registerRandom(Napi::Env env, Napi::Object exports);
void registerPrecision(Napi::Env env, Napi::Object exports);
void registerCuda(Napi::Env env, Napi::Object exports);
void registerMemory(Napi::Env env, Napi::Object exports);
void registerDistributed(Napi::Env env, Napi::Object exports);
void registerSystem(Napi::Env env, Napi::Object exports);

template <Napi::Value (*body)(const Napi::CallbackInfo&)>
void define(Napi::Env env, Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New(env, guarded<body>, name));
}

}  // namespace reat
