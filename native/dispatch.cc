// The generic operator call: JavaScript arguments are converted by the operator's own schema and boxed to the dispatcher.
#include <cmath>

#include "engine.h"

namespace reat {

namespace {

#if TORCH_VERSION_MAJOR >= 2
using OptionalTensor = std::optional<at::Tensor>;
#else
using OptionalTensor = c10::optional<at::Tensor>;
#endif

// Largest call in use is native_batch_norm's backward family; anything longer is a mistake.
constexpr size_t kMaxArguments = 24;

[[noreturn]] void typeMismatch(const c10::Argument& argument, const std::string& got) {
  throw std::runtime_error("argument '" + argument.name() + "' must be " + argument.type()->str() + ", got " + got);
}

std::string kindOf(napi_env env, napi_value value) {
  napi_valuetype type;
  napi_typeof(env, value, &type);
  switch (type) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_number: return "a number";
    case napi_string: return "a string";
    case napi_bigint: return "a bigint";
    case napi_function: return "a function";
    default: {
      bool isArray = false;
      napi_is_array(env, value, &isArray);
      return isArray ? "an array" : "an object";
    }
  }
}

class Converter {
 public:
  Converter(napi_env env, const Engine& engine) : env_(env), engine_(engine) {}

  // `isHandle` says that the caller passed a Tensor or Generator (or a list of them), not a bare number.
  c10::IValue convert(const c10::Argument& argument, const c10::Type& type, napi_value value, bool isHandle) const {
    switch (type.kind()) {
      case c10::TypeKind::OptionalType:
        if (isNothing(value)) return c10::IValue();
        return convert(argument, *type.castRaw<c10::OptionalType>()->getElementType(), value, isHandle);
      case c10::TypeKind::TensorType: {
        double handle;
        if (!isHandle || napi_get_value_double(env_, value, &handle) != napi_ok) fail(argument, value, isHandle);
        return engine_.tensors.get(handle);
      }
      case c10::TypeKind::GeneratorType: {
        double handle;
        if (!isHandle || napi_get_value_double(env_, value, &handle) != napi_ok) fail(argument, value, isHandle);
        return engine_.generators.get(handle);
      }
      case c10::TypeKind::ListType:
        return convertList(argument, *type.castRaw<c10::ListType>()->getElementType(), value, isHandle);
      default:
        break;
    }
    if (isHandle) typeMismatch(argument, "a tensor");
    switch (type.kind()) {
      case c10::TypeKind::IntType:
      case c10::TypeKind::SymIntType:
        return integer(argument, value);
      case c10::TypeKind::FloatType: {
        double number;
        if (napi_get_value_double(env_, value, &number) != napi_ok) fail(argument, value, false);
        return number;
      }
      case c10::TypeKind::BoolType: {
        bool flag;
        if (napi_get_value_bool(env_, value, &flag) != napi_ok) fail(argument, value, false);
        return flag;
      }
      case c10::TypeKind::NumberType: {
        bool flag;
        if (napi_get_value_bool(env_, value, &flag) == napi_ok) return at::Scalar(flag);
        double number;
        if (napi_get_value_double(env_, value, &number) != napi_ok) fail(argument, value, false);
        if (number == std::trunc(number) && std::abs(number) < 9007199254740992.0)
          return at::Scalar(static_cast<int64_t>(number));
        return at::Scalar(number);
      }
      case c10::TypeKind::StringType: {
        std::string text;
        if (!string(value, text)) fail(argument, value, false);
        return text;
      }
      case c10::TypeKind::DeviceObjType: {
        std::string text;
        if (!string(value, text)) fail(argument, value, false);
        return c10::Device(text);
      }
      default:
        throw std::runtime_error("argument '" + argument.name() + "' has type " + type.str() +
                                 ", which the binding does not convert");
    }
  }

  bool isNothing(napi_value value) const {
    napi_valuetype type;
    napi_typeof(env_, value, &type);
    return type == napi_undefined || type == napi_null;
  }

 private:
  [[noreturn]] void fail(const c10::Argument& argument, napi_value value, bool isHandle) const {
    typeMismatch(argument, isHandle ? "a tensor" : kindOf(env_, value));
  }

  bool string(napi_value value, std::string& text) const {
    size_t length;
    if (napi_get_value_string_utf8(env_, value, nullptr, 0, &length) != napi_ok) return false;
    text.resize(length);
    return napi_get_value_string_utf8(env_, value, text.data(), length + 1, &length) == napi_ok;
  }

  // Schemas type dtype, layout and memory format as int: their names are accepted there.
  c10::IValue integer(const c10::Argument& argument, napi_value value) const {
    double number;
    if (napi_get_value_double(env_, value, &number) == napi_ok) return exact(argument, number);
    std::string text;
    if (!string(value, text)) fail(argument, value, false);
    if (argument.name() == "memory_format") {
      if (text == "contiguous") return static_cast<int64_t>(at::MemoryFormat::Contiguous);
      if (text == "channelsLast") return static_cast<int64_t>(at::MemoryFormat::ChannelsLast);
      if (text == "preserve") return static_cast<int64_t>(at::MemoryFormat::Preserve);
      throw std::runtime_error("memory format must be contiguous, channelsLast or preserve, got '" + text + "'");
    }
    if (argument.name().find("dtype") != std::string::npos) return static_cast<int64_t>(scalarTypeFromName(text));
    typeMismatch(argument, "the string '" + text + "'");
  }

  int64_t exact(const c10::Argument& argument, double number) const {
    if (number != std::trunc(number) || std::abs(number) > 9007199254740992.0)
      typeMismatch(argument, std::to_string(number));
    return static_cast<int64_t>(number);
  }

  c10::IValue convertList(const c10::Argument& argument, const c10::Type& element, napi_value value,
                          bool isHandle) const {
    bool isArray = false;
    napi_is_array(env_, value, &isArray);
    uint32_t length = 0;
    if (isArray) napi_get_array_length(env_, value, &length);
    const auto at = [&](uint32_t i) {
      napi_value item;
      napi_get_element(env_, value, i, &item);
      return item;
    };
    const auto kind = element.kind();
    const bool optionalTensors = kind == c10::TypeKind::OptionalType;
    if (kind == c10::TypeKind::TensorType || optionalTensors) {
      if (!isArray || (!isHandle && length > 0)) fail(argument, value, isHandle);
      c10::List<at::Tensor> plain;
      c10::List<OptionalTensor> optional;
      for (uint32_t i = 0; i < length; ++i) {
        napi_value item = at(i);
        double handle;
        if (optionalTensors && isNothing(item)) {
          optional.push_back(OptionalTensor());
        } else if (napi_get_value_double(env_, item, &handle) != napi_ok) {
          fail(argument, value, false);
        } else if (optionalTensors) {
          optional.push_back(OptionalTensor(engine_.tensors.get(handle)));
        } else {
          plain.push_back(engine_.tensors.get(handle));
        }
      }
      if (optionalTensors) return optional;
      return plain;
    }
    if (isHandle) typeMismatch(argument, "tensors");
    switch (kind) {
      case c10::TypeKind::IntType:
      case c10::TypeKind::SymIntType: {
        std::vector<int64_t> list;
        double number;
        if (!isArray) {
          // A schema such as int[2] takes one number for all.
          if (!argument.N() || napi_get_value_double(env_, value, &number) != napi_ok) fail(argument, value, false);
          list.assign(static_cast<size_t>(*argument.N()), exact(argument, number));
          return list;
        }
        list.reserve(length);
        for (uint32_t i = 0; i < length; ++i) {
          if (napi_get_value_double(env_, at(i), &number) != napi_ok) fail(argument, at(i), false);
          list.push_back(exact(argument, number));
        }
        return list;
      }
      case c10::TypeKind::FloatType: {
        if (!isArray) fail(argument, value, false);
        std::vector<double> list(length);
        for (uint32_t i = 0; i < length; ++i)
          if (napi_get_value_double(env_, at(i), &list[i]) != napi_ok) fail(argument, at(i), false);
        return list;
      }
      case c10::TypeKind::BoolType: {
        if (!isArray) fail(argument, value, false);
        c10::List<bool> list;
        for (uint32_t i = 0; i < length; ++i) {
          bool flag;
          if (napi_get_value_bool(env_, at(i), &flag) != napi_ok) fail(argument, at(i), false);
          list.push_back(flag);
        }
        return list;
      }
      default:
        throw std::runtime_error("argument '" + argument.name() + "' is a list the binding does not convert");
    }
  }

  napi_env env_;
  const Engine& engine_;
};

Napi::Value toJavaScript(Napi::Env env, const c10::IValue& value) {
  if (value.isTensor()) return tensorResult(env, value.toTensor());
  if (value.isTensorList()) {
    const auto list = value.toTensorVector();
    auto array = Napi::Array::New(env, list.size());
    for (size_t i = 0; i < list.size(); ++i) array.Set(static_cast<uint32_t>(i), tensorResult(env, list[i]));
    return array;
  }
  if (value.isNone()) return env.Null();
  if (value.isBool()) return Napi::Boolean::New(env, value.toBool());
  if (value.isInt()) return Napi::Number::New(env, static_cast<double>(value.toInt()));
  if (value.isDouble()) return Napi::Number::New(env, value.toDouble());
  if (value.isScalar()) return Napi::Number::New(env, value.toScalar().toDouble());
  if (value.isString()) return Napi::String::New(env, value.toStringRef());
  throw std::runtime_error("a result of type " + value.tagKind() + " is not converted");
}

// findOperator(name, overload) -> { index, arguments: string[], tensors, inPlace }
Napi::Value findOperator(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Engine& engine = engineOf(env);
  const std::string name = stringArgument(info, 0, "an operator's name");
  const std::string overload = stringArgument(info, 1, "an operator's overload");
  const auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  const std::string full = overload.empty() ? name : name + "." + overload;
  if (!found) throw std::runtime_error("LibTorch " TORCH_VERSION " has no operator " + full);
  const auto& schema = found->schema();
  if (schema.arguments().size() > kMaxArguments) throw std::runtime_error(full + " takes too many arguments");
  const bool written = !schema.returns().empty() && schema.returns()[0].alias_info() &&
                       schema.returns()[0].alias_info()->isWrite();
  auto [entry, isNew] = engine.operatorIndex.try_emplace(full, static_cast<uint32_t>(engine.operators.size()));
  if (isNew) engine.operators.push_back({*found, full, written});

  auto names = Napi::Array::New(env, schema.arguments().size());
  for (size_t i = 0; i < schema.arguments().size(); ++i)
    names.Set(static_cast<uint32_t>(i), schema.arguments()[i].name());
  auto result = Napi::Object::New(env);
  result.Set("index", entry->second);
  result.Set("arguments", names);
  bool tensors = true;  // results are handles, not numbers
  for (const auto& returned : schema.returns()) {
    const auto kind = returned.type()->kind();
    tensors = tensors && (kind == c10::TypeKind::TensorType || kind == c10::TypeKind::ListType);
  }
  result.Set("tensors", tensors);
  result.Set("inPlace", written);
  return result;
}

std::string describeCall(const Operator& op, const Engine& engine, napi_env env, const napi_value* values, size_t count,
                         uint32_t handleBits) {
  std::string text = op.name + "(";
  const auto& arguments = op.handle.schema().arguments();
  for (size_t i = 0; i < count; ++i) {
    if (i) text += ", ";
    if (!(handleBits & (1u << i))) {
      text += i < arguments.size() ? arguments[i].name() : std::string("extra");
      continue;
    }
    const auto one = [&](napi_value value) -> std::string {
      double handle;
      if (napi_get_value_double(env, value, &handle) != napi_ok) return "none";
      try {
        return describe(engine.tensors.get(handle));
      } catch (const std::exception&) {
        return i < arguments.size() && arguments[i].name() == "generator" ? "generator" : "disposed";
      }
    };
    bool isArray = false;
    napi_is_array(env, values[i], &isArray);
    if (!isArray) {
      text += one(values[i]);
      continue;
    }
    uint32_t length = 0;
    napi_get_array_length(env, values[i], &length);
    text += '[';
    for (uint32_t j = 0; j < length && j < 4; ++j) {
      napi_value item;
      napi_get_element(env, values[i], j, &item);
      text += (j ? ", " : "") + one(item);
    }
    text += length > 4 ? ", …]" : "]";
  }
  return text + ")";
}

// call(operator, handleBits, ...arguments): bit i of handleBits says that argument i is a handle or a list of handles.
// Written against the C interface: this is the path every tensor operation takes.
napi_value call(napi_env env, napi_callback_info info) {
  napi_value values[kMaxArguments + 2];
  size_t count = kMaxArguments + 2;
  Engine* engine = nullptr;
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  napi_get_instance_data(env, reinterpret_cast<void**>(&engine));
  const Operator* op = nullptr;
  uint32_t handleBits = 0;
  std::string problem;
  try {
    uint32_t index;
    if (count < 2 || napi_get_value_uint32(env, values[0], &index) != napi_ok ||
        napi_get_value_uint32(env, values[1], &handleBits) != napi_ok || index >= engine->operators.size())
      throw std::runtime_error("call needs an operator from findOperator and the handle bits");
    op = &engine->operators[index];
    const size_t given = count - 2;
    const auto& schema = op->handle.schema();
    const auto& arguments = schema.arguments();
    if (given > arguments.size())
      throw std::runtime_error("takes " + std::to_string(arguments.size()) + " arguments, got " + std::to_string(given));
    const Converter converter(env, *engine);
    torch::jit::Stack stack;
    stack.reserve(arguments.size());
    for (size_t i = 0; i < arguments.size(); ++i) {
      const auto& argument = arguments[i];
      napi_valuetype type = napi_undefined;
      if (i < given) napi_typeof(env, values[i + 2], &type);
      if (type == napi_undefined && argument.default_value()) {
        stack.push_back(*argument.default_value());
      } else if (type == napi_undefined && argument.type()->kind() != c10::TypeKind::OptionalType) {
        throw std::runtime_error("argument '" + argument.name() + "' is missing");
      } else if (type == napi_undefined) {
        stack.emplace_back();
      } else {
        stack.push_back(converter.convert(argument, *argument.type(), values[i + 2], handleBits & (1u << i)));
      }
    }
    op->handle.callBoxed(&stack);
    if (op->returnsWritten || stack.empty()) return nullptr;
    if (stack.size() == 1) return toJavaScript(Napi::Env(env), stack[0]);
    napi_value array;
    napi_create_array_with_length(env, stack.size(), &array);
    for (size_t i = 0; i < stack.size(); ++i)
      napi_set_element(env, array, static_cast<uint32_t>(i), toJavaScript(Napi::Env(env), stack[i]));
    return array;
  } catch (const std::exception& error) {
    problem = plainMessage(error);
  } catch (...) {
    problem = "unknown native failure";
  }
  if (op) problem = describeCall(*op, *engine, env, values + 2, count - 2, handleBits) + ": " + problem;
  napi_throw_error(env, nullptr, problem.c_str());
  return nullptr;
}

}  // namespace

void registerOperatorCalls(Napi::Env env, Napi::Object exports) {
  define<findOperator>(env, exports, "findOperator");
  napi_value function;
  napi_create_function(env, "call", NAPI_AUTO_LENGTH, call, nullptr, &function);
  exports.Set("call", Napi::Value(env, function));
}

}  // namespace reat
