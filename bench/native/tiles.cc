// The three steps of a convolution in tiles, each timed alone in one thread: to the points, the products, from the points. And the limit
// of the products: the same ones on numbers that stay in the first cache. Compiled for one kind of processor, which REAT_PROCESSOR names.
#include <node_api.h>

#include <chrono>
#include <initializer_list>
#include <vector>

#include "tile_kernels.h"

namespace {

using namespace reat;
using namespace reat::REAT_PROCESSOR;
using Clock = std::chrono::steady_clock;

double since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

std::vector<float> filled(int64_t size) {
  std::vector<float> values(size);
  for (int64_t i = 0; i < size; ++i) values[i] = static_cast<float>(i % 251) / 251 - 0.5f;
  return values;
}

struct Stages {
  double in = 0, products = 0, out = 0;
  double all() const { return in + products + out; }
};

// One pass over all tiles, chunk by chunk as a convolution does it.
template <class Algorithm>
Stages pass(const TileShape& shape, const TileOperands& operands, int64_t chunk, float* v, float* m) {
  using All = Tiles<Algorithm>;
  constexpr int P = Algorithm::points, U = Algorithm::kernels;
  const int64_t vPoint = All::pointSize(shape.inBlocks, chunk), mPoint = All::pointSize(shape.outBlocks, chunk);
  const int64_t uPoint = shape.depth * shape.outBlocks * kLanes, between = chunk * kLanes, tiles = All::tiles(shape);
  const PlainMaps source{operands.input};
  Stages stages;
  for (int64_t begin = 0; begin < tiles; begin += chunk) {
    const int64_t count = least(chunk, tiles - begin);
    auto began = Clock::now();
    for (int64_t block = 0; block < shape.inBlocks; ++block)
      for (int64_t t = 0; t < count; ++t)
        All::gather(shape, source, nullptr, All::placeOf(shape, begin + t), block, v + block * between + t * kLanes, vPoint);
    stages.in += since(began);
    began = Clock::now();
    for (int q = 0; q < P; ++q)
      for (int p = 0; p < P; ++p) {
        const int point = q * P + p, kernel = Algorithm::kernelOf(q) * U + Algorithm::kernelOf(p);
        multiply(count, v + point * vPoint, between, operands.weight + kernel * uPoint, shape.depth, shape.outBlocks, m + point * mPoint,
                 between);
      }
    stages.products += since(began);
    began = Clock::now();
    for (int64_t block = 0; block < shape.outBlocks; ++block)
      for (int64_t t = 0; t < count; ++t)
        All::template scatter<Finished>(shape, operands, All::placeOf(shape, begin + t), block, m + block * between + t * kLanes, mPoint,
                                        nullptr);
    stages.out += since(began);
  }
  _mm_sfence();
  return stages;
}

// The fastest of `calls` passes, and the operations of its products.
template <class Algorithm>
Stages fastest(int64_t inputs, int64_t outputs, int64_t side, int64_t images, int calls, double* operations) {
  using All = Tiles<Algorithm>;
  constexpr int64_t P = Algorithm::points;
  const int64_t outSide = side / (Algorithm::step / Algorithm::outputs);
  const TileShape shape{images, inputs, divideUp(inputs, kLanes), side, side, divideUp(outputs, kLanes), outSide, outSide};
  const int64_t chunk = least(All::chunk(shape), All::tiles(shape));
  const std::vector<float> input = filled(images * shape.inBlocks * side * side * kLanes);
  const std::vector<float> weight = filled(All::weightSize(shape.depth, shape.outBlocks));
  const std::vector<float> bias = filled(shape.outBlocks * kLanes);
  std::vector<float> output(images * shape.outBlocks * outSide * outSide * kLanes), scratch(All::scratch(shape, chunk));
  TileOperands operands{};
  operands.input = input.data();
  operands.weight = weight.data();
  operands.bias = bias.data();
  operands.output = output.data();
  operands.relu = true;
  *operations = 2.0 * P * P * inputs * outputs * All::tiles(shape);
  Stages best;
  // One more than counts: the first touches the memory.
  for (int call = 0; call <= calls; ++call) {
    const Stages stages =
        pass<Algorithm>(shape, operands, chunk, scratch.data(), scratch.data() + P * P * All::pointSize(shape.inBlocks, chunk));
    if (call == 1 || (call > 1 && stages.all() < best.all())) best = stages;
  }
  return best;
}

napi_value numbers(napi_env env, std::initializer_list<double> values) {
  napi_value result;
  napi_create_array_with_length(env, values.size(), &result);
  uint32_t index = 0;
  for (const double value : values) {
    napi_value number;
    napi_create_double(env, value, &number);
    napi_set_element(env, result, index++, number);
  }
  return result;
}

// (inputs, outputs, side, stride, images, calls) => [seconds to the points, of the products, from the points, operations of the products]
napi_value tileStages(napi_env env, napi_callback_info info) {
  size_t count = 6;
  napi_value arguments[6];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  int64_t given[6] = {};
  for (int i = 0; i < 6; ++i) napi_get_value_int64(env, arguments[i], &given[i]);
  const auto measure = given[3] == 1 ? fastest<Winograd> : fastest<StridedForth>;
  double operations = 0;
  const Stages best = measure(given[0], given[1], given[2], given[4], static_cast<int>(given[5]), &operations);
  return numbers(env, {best.in, best.products, best.out, operations});
}

// () => GFLOP/s of products whose factors and sums stay in the first cache
napi_value productLimit(napi_env env, napi_callback_info) {
  constexpr int64_t depth = 64, calls = 20000;
  const std::vector<float> v = filled(depth * kRows), u = filled(depth * kVectors * kLanes);
  std::vector<float> m(kVectors * kRows * kLanes);
  double best = 0;
  for (int turn = 0; turn < 5; ++turn) {
    const auto began = Clock::now();
    for (int64_t call = 0; call < calls; ++call)
      multiplyRows<kRows, kVectors>(v.data(), kRows * kLanes, u.data(), depth, m.data(), kRows * kLanes);
    const double speed = 2.0 * kRows * kVectors * kLanes * depth * calls / since(began) / 1e9;
    if (speed > best) best = speed;
  }
  napi_value result;
  napi_create_double(env, best, &result);
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "tileStages", NAPI_AUTO_LENGTH, tileStages, nullptr, &function);
  napi_set_named_property(env, exports, "tileStages", function);
  napi_create_function(env, "productLimit", NAPI_AUTO_LENGTH, productLimit, nullptr, &function);
  napi_set_named_property(env, exports, "productLimit", function);
  return exports;
}
