// Exchange of data with JavaScript buffers, and a tensor's shape, dtype and device.
#include <cstring>

#include "engine.h"

namespace reat {

namespace {

constexpr size_t kLargestPinnedCopy = size_t{1} << 20;

struct Bytes {
  const void* data;
  size_t length;
};

Bytes bytesArgument(const Napi::CallbackInfo& info, size_t index) {
  Napi::Env env = info.Env();
  const Napi::Value value = info[index];
  bool isTyped = false;
  napi_is_typedarray(env, value, &isTyped);
  if (!isTyped) throw std::runtime_error("tensor data must be a typed array");
  napi_typedarray_type type;
  size_t count = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &count, &data, nullptr, nullptr) != napi_ok)
    throw std::runtime_error("tensor data must be a typed array");
  return {data, value.As<Napi::TypedArray>().ByteLength()};
}

// createTensor(typedArray, dtype, shape, device): copies.
Napi::Value createTensor(const Napi::CallbackInfo& info) {
  const Bytes bytes = bytesArgument(info, 0);
  const auto type = scalarTypeFromName(stringArgument(info, 1, "dtype"));
  const auto shape = shapeArgument(info, 2);
  const c10::Device device(stringArgument(info, 3, "device"));
  // First compared in floating point, because a product of sizes may overflow 64 bits.
  double wanted = static_cast<double>(c10::elementSize(type));
  for (const auto size : shape) wanted *= static_cast<double>(size);
  if (wanted != static_cast<double>(bytes.length)) {
    std::string text = "[";
    for (size_t i = 0; i < shape.size(); ++i) text += (i ? "," : "") + std::to_string(shape[i]);
    throw std::runtime_error(std::string("a ") + scalarTypeName(type) + " tensor of shape " + text + "] needs " +
                             std::to_string(static_cast<int64_t>(wanted)) + " bytes, the buffer has " +
                             std::to_string(bytes.length));
  }
  // From pageable memory, a copy waits for everything that the device has queued. Pinned memory would not pay: batches are small, and
  // data sets are copied once.
  const bool pinned = device.is_cuda() && bytes.length <= kLargestPinnedCopy;
  at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(type).pinned_memory(pinned));
  if (bytes.length > 0) std::memcpy(tensor.data_ptr(), bytes.data, bytes.length);
  return tensorResult(info.Env(), device.is_cpu() ? tensor : tensor.to(device, pinned));
}

// readTensor(handle) -> ArrayBuffer with the elements in C order.
Napi::Value readTensor(const Napi::CallbackInfo& info) {
  const c10::InferenceMode guard;
  const at::Tensor dense = tensorArgument(info, 0).detach().to(at::kCPU).contiguous();
  auto buffer = Napi::ArrayBuffer::New(info.Env(), dense.nbytes());
  if (dense.nbytes() > 0) std::memcpy(buffer.Data(), dense.data_ptr(), dense.nbytes());
  return buffer;
}

// writeTensor(handle, typedArray): replaces the elements in place. Restoring a state needs no new storage in this way.
Napi::Value writeTensor(const Napi::CallbackInfo& info) {
  const at::NoGradGuard guard;
  at::Tensor target = tensorArgument(info, 0);
  const Bytes bytes = bytesArgument(info, 1);
  if (bytes.length != target.nbytes())
    throw std::runtime_error("a tensor " + describe(target) + " takes " + std::to_string(target.nbytes()) +
                             " bytes, the buffer has " + std::to_string(bytes.length));
  at::Tensor source = at::empty(target.sizes(), at::TensorOptions().dtype(target.scalar_type()));
  if (bytes.length > 0) std::memcpy(source.data_ptr(), bytes.data, bytes.length);
  target.copy_(source);
  return info.Env().Undefined();
}

Napi::Value item(const Napi::CallbackInfo& info) {
  const at::Tensor& tensor = tensorArgument(info, 0);
  if (tensor.numel() != 1)
    throw std::runtime_error("item() needs a tensor with one element, got " + describe(tensor));
  const at::Scalar value = tensor.item();
  if (value.isBoolean()) return Napi::Boolean::New(info.Env(), value.toBool());
  return Napi::Number::New(info.Env(), value.toDouble());
}

Napi::Value shape(const Napi::CallbackInfo& info) {
  const at::Tensor& tensor = tensorArgument(info, 0);
  auto sizes = Napi::Array::New(info.Env(), static_cast<size_t>(tensor.dim()));
  for (int64_t i = 0; i < tensor.dim(); ++i)
    sizes.Set(static_cast<uint32_t>(i), static_cast<double>(tensor.size(i)));
  return sizes;
}

Napi::Value dtype(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), scalarTypeName(tensorArgument(info, 0).scalar_type()));
}

Napi::Value device(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), tensorArgument(info, 0).device().str());
}

Napi::Value dispose(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(),
                            engineOf(info.Env()).tensors.remove(numberArgument(info, 0, "a tensor handle")));
}

Napi::Value liveTensors(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(engineOf(info.Env()).tensors.live()));
}

}  // namespace

void registerArrays(Napi::Env env, Napi::Object exports) {
  define<createTensor>(env, exports, "createTensor");
  define<readTensor>(env, exports, "readTensor");
  define<writeTensor>(env, exports, "writeTensor");
  define<item>(env, exports, "item");
  define<shape>(env, exports, "shape");
  define<dtype>(env, exports, "dtype");
  define<device>(env, exports, "device");
  define<dispose>(env, exports, "dispose");
  define<liveTensors>(env, exports, "liveTensors");
}

}  // namespace reat
