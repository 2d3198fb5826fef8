// Argument checking and naming shared by the addon's functions, and the module's entry.
#include "engine.h"

#include <array>
#include <sstream>

namespace reat {

namespace {

struct NamedType {
  const char* name;
  at::ScalarType type;
};

constexpr std::array<NamedType, 10> kTypes{{
    {"float32", at::kFloat},
    {"float64", at::kDouble},
    {"float16", at::kHalf},
    {"bfloat16", at::kBFloat16},
    {"int64", at::kLong},
    {"int32", at::kInt},
    {"int16", at::kShort},
    {"int8", at::kChar},
    {"uint8", at::kByte},
    {"bool", at::kBool},
}};

}  // namespace

at::ScalarType scalarTypeFromName(const std::string& name) {
  for (const auto& entry : kTypes)
    if (name == entry.name) return entry.type;
  throw std::runtime_error("unknown dtype '" + name + "'");
}

const char* scalarTypeName(at::ScalarType type) {
  for (const auto& entry : kTypes)
    if (type == entry.type) return entry.name;
  return "unsupported";
}

std::string plainMessage(const std::exception& error) {
  const auto* torchError = dynamic_cast<const c10::Error*>(&error);
  std::string text = torchError ? torchError->what_without_backtrace() : error.what();
  for (const char* marker : {"\nException raised from", "Exception raised from"}) {
    const auto cut = text.find(marker);
    if (cut != std::string::npos) text.resize(cut);
  }
  // LibTorch appends hints on further lines. They are joined, so that an error stays on one line.
  std::string folded;
  bool space = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == '\t' || c == ' ') {
      space = !folded.empty();
      continue;
    }
    if (space) folded += ' ';
    space = false;
    folded += c;
  }
  return folded;
}

std::string describe(const at::Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  std::ostringstream out;
  out << scalarTypeName(tensor.scalar_type()) << '[';
  for (int64_t i = 0; i < tensor.dim(); ++i) out << (i ? "," : "") << tensor.size(i);
  out << ']';
  if (!tensor.device().is_cpu()) out << '@' << tensor.device().str();
  return out.str();
}

double numberArgument(const Napi::CallbackInfo& info, size_t index, const char* what) {
  if (index >= info.Length() || !info[index].IsNumber())
    throw std::runtime_error(std::string(what) + " must be a number");
  return info[index].As<Napi::Number>().DoubleValue();
}

bool booleanArgument(const Napi::CallbackInfo& info, size_t index, const char* what) {
  if (index >= info.Length() || !info[index].IsBoolean())
    throw std::runtime_error(std::string(what) + " must be true or false");
  return info[index].As<Napi::Boolean>().Value();
}

std::string stringArgument(const Napi::CallbackInfo& info, size_t index, const char* what) {
  if (index >= info.Length() || !info[index].IsString())
    throw std::runtime_error(std::string(what) + " must be a string");
  return info[index].As<Napi::String>().Utf8Value();
}

std::vector<int64_t> shapeArgument(const Napi::CallbackInfo& info, size_t index) {
  if (index >= info.Length() || !info[index].IsArray()) throw std::runtime_error("a shape must be an array of integers");
  const auto array = info[index].As<Napi::Array>();
  std::vector<int64_t> shape(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value element = array.Get(i);
    const double size = element.IsNumber() ? element.As<Napi::Number>().DoubleValue() : -1;
    if (!(size >= 0 && size <= 9007199254740991.0) || size != static_cast<double>(static_cast<int64_t>(size)))
      throw std::runtime_error("a shape must be an array of non-negative integers");
    shape[i] = static_cast<int64_t>(size);
  }
  return shape;
}

const at::Tensor& tensorArgument(const Napi::CallbackInfo& info, size_t index) {
  return engineOf(info.Env()).tensors.get(numberArgument(info, index, "a tensor handle"));
}

std::vector<at::Tensor> tensorListArgument(const Napi::CallbackInfo& info, size_t index, const char* what) {
  if (index >= info.Length() || !info[index].IsArray())
    throw std::runtime_error(std::string(what) + " must be an array of tensors");
  const auto array = info[index].As<Napi::Array>();
  auto& tensors = engineOf(info.Env()).tensors;
  std::vector<at::Tensor> list;
  list.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value element = array.Get(i);
    if (element.IsNull() || element.IsUndefined()) {
      list.emplace_back();
    } else if (element.IsNumber()) {
      list.push_back(tensors.get(element.As<Napi::Number>().DoubleValue()));
    } else {
      throw std::runtime_error(std::string(what) + " must be an array of tensors");
    }
  }
  return list;
}

Napi::Value tensorResult(Napi::Env env, at::Tensor tensor) {
  if (!tensor.defined()) return env.Null();
  return Napi::Number::New(env, engineOf(env).tensors.add(std::move(tensor)));
}

}  // namespace reat

static Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new reat::Engine());
  reat::registerOperatorCalls(env, exports);
  reat::registerArrays(env, exports);
  reat::registerAutograd(env, exports);
  reat::registerRandom(env, exports);
  reat::registerPrecision(env, exports);
  reat::registerCuda(env, exports);
  reat::registerMemory(env, exports);
  reat::registerDistributed(env, exports);
  reat::registerSystem(env, exports);
  return exports;
}

NODE_API_MODULE(reat_native, initialise)
