// The generic operator call: JavaScript arguments are converted as the operator's schema says and given to the dispatcher, boxed.
#include "convert.h"

namespace reat {

namespace {

// The longest calls in use are the backward passes of batch normalisation; anything longer is a mistake.
constexpr size_t kMaxArguments = 24;

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
// Written with Node's C interface for speed, because every tensor operation takes this path.
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
