// Converts JavaScript arguments to the types in an operator's schema.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "engine.h"

namespace reat {

[[noreturn]] inline void typeMismatch(const c10::Argument& argument, const std::string& got) {
  throw std::runtime_error("argument '" + argument.name() + "' must be " + argument.type()->str() + ", got " + got);
}

inline std::string kindOf(napi_env env, napi_value value) {
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

  // `isHandle`: the caller passed a Tensor or Generator (or a list of them), not a plain number.
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

  // In schemas dtype, layout and memory format have the type int; their names are accepted too.
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

}  // namespace reat
