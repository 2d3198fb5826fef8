// The kernels on tiles against sums by the definition in float64, on odd sizes, one channel and pointers that no vector is aligned to.
// Compiled by `npm run test:native` for one kind of processor (REAT_KERNELS) under the address and undefined-behaviour sanitizers:
// every array is as long as it must be and not a float longer.
#include "tile_convolution.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace reat;

namespace {

constexpr int64_t kLanes = 16;

const TileKernels& kernels = REAT_KERNELS();

int failures = 0;

// An array of its own, a float past what vectors are aligned to.
template <class T>
class Array {
 public:
  explicit Array(int64_t size) : bytes_(new char[(size + 1) * sizeof(T)]), size_(size) { std::memset(bytes_.get(), 0, (size + 1) * sizeof(T)); }
  T* data() { return reinterpret_cast<T*>(bytes_.get()) + 1; }
  const T* data() const { return reinterpret_cast<const T*>(bytes_.get()) + 1; }
  T& operator[](int64_t i) { return data()[i]; }
  const T& operator[](int64_t i) const { return data()[i]; }
  int64_t size() const { return size_; }

 private:
  std::unique_ptr<char[]> bytes_;
  int64_t size_;
};

// The same numbers from -1/2 to 1/2 each time.
float drawn() {
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return static_cast<float>(state >> 8) / (1 << 24) - 0.5f;
}

int64_t blocksOf(int64_t channels) { return (channels + kLanes - 1) / kLanes; }

struct Maps {
  int64_t images, channels, height, width;
  Array<float> values;

  Maps(int64_t n, int64_t c, int64_t h, int64_t w) : images(n), channels(c), height(h), width(w), values(n * blocksOf(c) * h * w * kLanes) {}

  int64_t place(int64_t n, int64_t c, int64_t y, int64_t x) const {
    return (((n * blocksOf(channels) + c / kLanes) * height + y) * width + x) * kLanes + c % kLanes;
  }
  float& at(int64_t n, int64_t c, int64_t y, int64_t x) { return values[place(n, c, y, x)]; }
  void each(const std::function<void(int64_t, int64_t, int64_t, int64_t)>& body) const {
    for (int64_t n = 0; n < images; ++n)
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t y = 0; y < height; ++y)
          for (int64_t x = 0; x < width; ++x) body(n, c, y, x);
  }
  void draw() {
    each([&](auto n, auto c, auto y, auto x) { at(n, c, y, x) = drawn(); });
  }
};

Array<float> drawnVector(int64_t channels, float from = 0) {
  Array<float> values(blocksOf(channels) * kLanes);
  for (int64_t c = 0; c < channels; ++c) values[c] = from + drawn();
  return values;
}

struct Case {
  int64_t images, inputs, outputs, height, width;
  int kernel, stride;
};

std::string nameOf(const Case& one) {
  char text[160];
  std::snprintf(text, sizeof text, "%ld images, %ld to %ld channels, %ldx%ld, kernel %d, stride %d", static_cast<long>(one.images),
                static_cast<long>(one.inputs), static_cast<long>(one.outputs), static_cast<long>(one.height), static_cast<long>(one.width),
                one.kernel, one.stride);
  return text;
}

// How far values are from the expected ones, as a share of the largest.
class Comparison {
 public:
  void add(double got, double expected) {
    largest_ = std::max(largest_, std::abs(expected));
    // NaN is far from everything.
    const double off = std::abs(got - expected);
    if (!(off <= farthest_)) farthest_ = off;
    ++count_;
  }
  void end(const Case& one, const char* what, double most) const {
    if (count_ > 0 && farthest_ <= most * largest_) return;
    ++failures;
    std::printf("%s: %s is off by %g of the largest, %g is accepted (%ld values)\n", nameOf(one).c_str(), what, farthest_ / largest_, most,
                static_cast<long>(count_));
  }

 private:
  double largest_ = 0, farthest_ = 0;
  int64_t count_ = 0;
};

// The maps as they count where they go into a convolution.
struct Mixing {
  enum Kind { plain, normalised, mixed } kind;
  Array<float> scale, shift, otherScale;
  Maps other;
  bool relu = true;

  Mixing(Kind which, const Maps& maps)
      : kind(which),
        scale(drawnVector(maps.channels, 1)),
        shift(drawnVector(maps.channels)),
        otherScale(drawnVector(maps.channels)),
        other(maps.images, maps.channels, maps.height, maps.width) {
    other.draw();
  }
  TileMix mix() const {
    if (kind == normalised) return {scale.data(), shift.data(), nullptr, nullptr, relu};
    if (kind == mixed) return {nullptr, shift.data(), other.values.data(), otherScale.data(), false};
    return {};
  }
  double of(Maps& maps, int64_t n, int64_t c, int64_t y, int64_t x) {
    const float value = maps.at(n, c, y, x);
    if (kind == normalised) {
      const float result = std::fma(value, scale[c], shift[c]);
      return relu && !(result > 0) ? 0 : result;
    }
    if (kind == mixed) return static_cast<double>(value) + shift[c] + static_cast<double>(other.at(n, c, y, x)) * otherScale[c];
    return value;
  }
};

class Convolution {
 public:
  explicit Convolution(const Case& one)
      : case_(one),
        outHeight_((one.height - 1) / one.stride + 1),
        outWidth_((one.width - 1) / one.stride + 1),
        weight_(one.outputs * one.inputs * one.kernel * one.kernel) {
    for (int64_t i = 0; i < weight_.size(); ++i) weight_[i] = drawn();
  }

  void test() {
    for (const auto kind : {Mixing::plain, Mixing::normalised}) forth(kind);
    for (const auto kind : {Mixing::plain, Mixing::mixed}) {
      back(kind, false);
      back(kind, true);
    }
    for (const auto maps : {Mixing::plain, Mixing::normalised})
      for (const auto gradient : {Mixing::plain, Mixing::mixed})
        for (const int64_t parts : {1, 2}) weightGradient(maps, gradient, parts);
  }

 private:
  TileGeometry geometry(bool back) const { return {case_.kernel, case_.stride, back}; }
  TileShape shapeForth() const {
    return {case_.images, case_.inputs, blocksOf(case_.inputs), case_.height, case_.width, blocksOf(case_.outputs), outHeight_, outWidth_};
  }
  TileShape shapeBack() const {
    return {case_.images, blocksOf(case_.outputs) * kLanes, blocksOf(case_.outputs), outHeight_, outWidth_, blocksOf(case_.inputs), case_.height,
            case_.width};
  }

  // Calls `body` with each pair of pixels that a tap connects, and the tap's place in the weight of the channels.
  void eachTap(int64_t y, int64_t x, const std::function<void(int64_t, int64_t, int64_t)>& body) const {
    const int64_t padding = (case_.kernel - 1) / 2;
    for (int64_t r = 0; r < case_.kernel; ++r)
      for (int64_t s = 0; s < case_.kernel; ++s) {
        const int64_t from = y * case_.stride + r - padding, beside = x * case_.stride + s - padding;
        if (from >= 0 && from < case_.height && beside >= 0 && beside < case_.width) body(from, beside, r * case_.kernel + s);
      }
  }
  int64_t placeOf(int64_t o, int64_t c, int64_t tap) const { return (o * case_.inputs + c) * case_.kernel * case_.kernel + tap; }

  Array<float> prepared(bool back) const {
    const int64_t taps = case_.kernel * case_.kernel;
    // Channels come out in whole blocks: those that are not there are zero.
    const int64_t depth = back ? blocksOf(case_.outputs) * kLanes : case_.inputs;
    Array<float> padded(depth * (back ? case_.inputs : case_.outputs) * taps);
    for (int64_t o = 0; o < case_.outputs; ++o)
      for (int64_t c = 0; c < case_.inputs; ++c)
        for (int64_t tap = 0; tap < taps; ++tap) padded[placeOf(o, c, tap)] = weight_[placeOf(o, c, tap)];
    const TileWeight forthWeight{padded.data(), case_.inputs, case_.outputs, taps, case_.inputs * taps, false};
    const TileWeight backWeight{padded.data(), depth, case_.inputs, case_.inputs * taps, taps, case_.stride == 1};
    const TileWeight& taken = back ? backWeight : forthWeight;
    Array<float> result(kernels.weightSize(geometry(back), taken.depth, blocksOf(taken.outputs)));
    kernels.prepareWeight(geometry(back), taken, 0, taken.depth / 2, result.data());
    kernels.prepareWeight(geometry(back), taken, taken.depth / 2, taken.depth, result.data());
    return result;
  }

  void run(bool back, const TileShape& shape, TileOperands operands, Array<double>* sums) {
    const int64_t tiles = kernels.tiles(geometry(back), shape);
    const int64_t chunk = std::min<int64_t>(kernels.chunk(geometry(back), shape), std::max<int64_t>(1, tiles / 2));
    const int64_t chunks = (tiles + chunk - 1) / chunk;
    Array<double> partial(chunks * shape.outBlocks * 2 * kLanes);
    if (sums != nullptr) operands.sums = partial.data();
    Array<float> scratch(kernels.scratch(geometry(back), shape, chunk));
    for (int64_t i = 0; i < chunks; ++i)
      kernels.convolve(geometry(back), shape, operands, i * chunk, std::min(tiles, (i + 1) * chunk), chunk, scratch.data());
    if (sums == nullptr) return;
    for (int64_t i = 0; i < chunks; ++i)
      for (int64_t j = 0; j < sums->size(); ++j) (*sums)[j] += partial[i * sums->size() + j];
  }

  void forth(Mixing::Kind kind) {
    Maps input(case_.images, case_.inputs, case_.height, case_.width);
    input.draw();
    Mixing mixing(kind, input);
    const Array<float> weight = prepared(false);
    const Array<float> centre = drawnVector(case_.outputs);
    Maps output(case_.images, case_.outputs, outHeight_, outWidth_);
    Array<double> sums(blocksOf(case_.outputs) * 2 * kLanes);
    TileOperands operands{};
    operands.input = input.values.data();
    operands.inputMix = mixing.mix();
    operands.weight = weight.data();
    operands.output = output.values.data();
    operands.centre = centre.data();
    run(false, shapeForth(), operands, &sums);
    Comparison results, first, second;
    Array<double> expectedSums(sums.size());
    output.each([&](auto n, auto o, auto y, auto x) {
      double sum = 0;
      eachTap(y, x, [&](auto from, auto beside, auto tap) {
        for (int64_t c = 0; c < case_.inputs; ++c) sum += mixing.of(input, n, c, from, beside) * weight_[placeOf(o, c, tap)];
      });
      results.add(output.at(n, o, y, x), sum);
      expectedSums[o / kLanes * 2 * kLanes + o % kLanes] += sum - centre[o];
      expectedSums[(o / kLanes * 2 + 1) * kLanes + o % kLanes] += (sum - centre[o]) * (sum - centre[o]);
    });
    for (int64_t o = 0; o < case_.outputs; ++o) {
      const int64_t at = o / kLanes * 2 * kLanes + o % kLanes;
      first.add(sums[at], expectedSums[at]);
      second.add(sums[at + kLanes], expectedSums[at + kLanes]);
    }
    results.end(case_, "the convolution", 3e-6);
    first.end(case_, "the sum of the results", 1e-5);
    second.end(case_, "the sum of their squares", 1e-5);
  }

  void back(Mixing::Kind kind, bool throughOrigin) {
    Maps gradient(case_.images, case_.outputs, outHeight_, outWidth_);
    gradient.draw();
    Mixing mixing(kind, gradient);
    const Array<float> weight = prepared(true);
    Maps origin(case_.images, case_.inputs, case_.height, case_.width), output = Maps(case_.images, case_.inputs, case_.height, case_.width);
    Maps addend(case_.images, case_.inputs, case_.height, case_.width);
    origin.draw();
    addend.draw();
    Mixing before(Mixing::normalised, origin);
    const Array<float> centre = drawnVector(case_.inputs);
    Array<double> sums(blocksOf(case_.inputs) * 2 * kLanes);
    TileOperands operands{};
    operands.input = gradient.values.data();
    operands.inputMix = mixing.mix();
    operands.weight = weight.data();
    operands.output = output.values.data();
    if (throughOrigin) {
      operands.centre = centre.data();
      operands.origin = {origin.values.data(), before.mix()};
    } else {
      operands.addend = addend.values.data();
    }
    run(true, shapeBack(), operands, throughOrigin ? &sums : nullptr);
    std::vector<double> expected(origin.values.size(), 0);
    gradient.each([&](auto n, auto o, auto y, auto x) {
      const double value = mixing.of(gradient, n, o, y, x);
      eachTap(y, x, [&](auto from, auto beside, auto tap) {
        for (int64_t c = 0; c < case_.inputs; ++c) expected[origin.place(n, c, from, beside)] += value * weight_[placeOf(o, c, tap)];
      });
    });
    Comparison results, first, second;
    Array<double> expectedSums(sums.size());
    origin.each([&](auto n, auto c, auto y, auto x) {
      double value = expected[origin.place(n, c, y, x)];
      if (throughOrigin) {
        if (before.of(origin, n, c, y, x) <= 0) value = 0;
        expectedSums[c / kLanes * 2 * kLanes + c % kLanes] += value;
        expectedSums[(c / kLanes * 2 + 1) * kLanes + c % kLanes] += value * (static_cast<double>(origin.at(n, c, y, x)) - centre[c]);
        value *= before.scale[c];
      } else {
        value += addend.at(n, c, y, x);
      }
      results.add(output.at(n, c, y, x), value);
    });
    results.end(case_, "the gradient of the maps", 3e-6);
    if (!throughOrigin) return;
    for (int64_t c = 0; c < case_.inputs; ++c) {
      const int64_t at = c / kLanes * 2 * kLanes + c % kLanes;
      first.add(sums[at], expectedSums[at]);
      second.add(sums[at + kLanes], expectedSums[at + kLanes]);
    }
    first.end(case_, "the gradient of a norm's shift", 1e-5);
    second.end(case_, "the gradient of a norm's scale", 1e-5);
  }

  void weightGradient(Mixing::Kind ofMaps, Mixing::Kind ofGradient, int64_t parts) {
    Maps input(case_.images, case_.inputs, case_.height, case_.width), gradient(case_.images, case_.outputs, outHeight_, outWidth_);
    input.draw();
    gradient.draw();
    Mixing inputMixing(ofMaps, input), gradientMixing(ofGradient, gradient);
    const TileShape shape = shapeForth();
    const TileGeometry here = geometry(false);
    const int64_t tiles = kernels.tiles(here, shape), outBlocks = shape.outBlocks;
    Array<float> result(weight_.size());
    // Of the output channels and of the tiles, the first share is the smaller one.
    const int64_t middle = outBlocks / 2 / kernels.panel * kernels.panel;
    for (const auto& [from, to] : {std::pair<int64_t, int64_t>(0, middle), std::pair<int64_t, int64_t>(middle, outBlocks)}) {
      if (from == to) continue;
      const int64_t size = kernels.gradientSize(here, shape, to - from);
      Array<float> atPoints(size * parts);
      for (int64_t part = 0; part < parts; ++part) {
        const TileShare share{tiles * part / parts, tiles * (part + 1) / parts, from, to};
        Array<float> scratch(kernels.gradientScratch(here, shape, share));
        kernels.addGradient(here, shape, {input.values.data(), inputMixing.mix(), gradient.values.data(), gradientMixing.mix()}, share,
                            scratch.data(), atPoints.data() + part * size);
      }
      kernels.finishGradient(here, shape, atPoints.data(), parts, size, {0, case_.inputs, from, to}, case_.outputs, result.data());
    }
    std::vector<double> expected(weight_.size(), 0);
    gradient.each([&](auto n, auto o, auto y, auto x) {
      const double value = gradientMixing.of(gradient, n, o, y, x);
      eachTap(y, x, [&](auto from, auto beside, auto tap) {
        for (int64_t c = 0; c < case_.inputs; ++c) expected[placeOf(o, c, tap)] += value * inputMixing.of(input, n, c, from, beside);
      });
    });
    Comparison results;
    for (int64_t i = 0; i < weight_.size(); ++i) results.add(result[i], expected[i]);
    results.end(case_, "the gradient of the weight", 3e-6);
  }

  Case case_;
  int64_t outHeight_, outWidth_;
  Array<float> weight_;
};

// Branches that meet: forth, and back with the sums of the gradient.
void testJoin(const Case& one, Mixing::Kind otherKind, bool hasOther, bool relu) {
  Maps maps(one.images, one.inputs, one.height, one.width), other = Maps(one.images, one.inputs, one.height, one.width);
  Maps output(one.images, one.inputs, one.height, one.width), gradient = Maps(one.images, one.inputs, one.height, one.width);
  Maps toMaps(one.images, one.inputs, one.height, one.width), toOther = Maps(one.images, one.inputs, one.height, one.width);
  maps.draw();
  other.draw();
  gradient.draw();
  Mixing mixing(Mixing::normalised, maps), otherMixing(otherKind, other);
  mixing.relu = otherMixing.relu = false;
  const Array<float> centre = drawnVector(one.inputs), otherCentre = drawnVector(one.inputs);
  const int64_t blocks = blocksOf(one.inputs), planes = one.images * blocks;
  const TileJoin join{blocks, one.height * one.width, maps.values.data(), mixing.mix(), hasOther ? other.values.data() : nullptr,
                      hasOther ? otherMixing.mix() : TileMix{}, output.values.data(), relu};
  kernels.join(join, 0, planes / 2);
  kernels.join(join, planes / 2, planes);
  Array<double> sums(planes * 3 * kLanes);
  kernels.separate(join, {gradient.values.data(), centre.data(), otherCentre.data(), toMaps.values.data(), hasOther ? toOther.values.data() : nullptr, sums.data()},
                   0, planes);
  Comparison results, back, backOther, ofSums;
  std::vector<double> expectedSums(sums.size(), 0);
  const bool mixed = hasOther && otherKind == Mixing::normalised;
  maps.each([&](auto n, auto c, auto y, auto x) {
    const double sum = mixing.of(maps, n, c, y, x) + (hasOther ? otherMixing.of(other, n, c, y, x) : 0);
    results.add(output.at(n, c, y, x), relu ? std::max(sum, 0.0) : sum);
    const double passed = !relu || output.at(n, c, y, x) > 0 ? gradient.at(n, c, y, x) : 0;
    back.add(toMaps.at(n, c, y, x), passed * mixing.scale[c]);
    if (hasOther) backOther.add(toOther.at(n, c, y, x), passed * (mixed ? otherMixing.scale[c] : 1));
    const int64_t at = (n * blocks + c / kLanes) * 3 * kLanes + c % kLanes;
    expectedSums[at] += passed;
    expectedSums[at + kLanes] += passed * (static_cast<double>(maps.at(n, c, y, x)) - centre[c]);
    if (mixed) expectedSums[at + 2 * kLanes] += passed * (static_cast<double>(other.at(n, c, y, x)) - otherCentre[c]);
  });
  for (int64_t i = 0; i < sums.size(); ++i) ofSums.add(sums[i], expectedSums[i]);
  results.end(one, "the sum of branches", 1e-6);
  back.end(one, "the gradient of a branch", 1e-6);
  if (hasOther) backOther.end(one, "the gradient of the other branch", 1e-6);
  ofSums.end(one, "the sums of the gradient", 1e-5);
}

// A sum with what its mean and variance follow from.
void testSum(const Case& one, bool centred) {
  Maps maps(one.images, one.inputs, one.height, one.width), other = Maps(one.images, one.inputs, one.height, one.width);
  Maps output(one.images, one.inputs, one.height, one.width);
  maps.draw();
  other.draw();
  const Array<float> centre = drawnVector(one.inputs);
  const int64_t blocks = blocksOf(one.inputs), planes = one.images * blocks;
  Array<double> sums(planes * 2 * kLanes);
  const TileSum sum{blocks, one.height * one.width, maps.values.data(), other.values.data(), centred ? centre.data() : nullptr,
                    output.values.data(), sums.data()};
  kernels.sum(sum, 0, planes / 2);
  kernels.sum(sum, planes / 2, planes);
  Comparison results, ofSums;
  std::vector<double> expectedSums(sums.size(), 0);
  maps.each([&](auto n, auto c, auto y, auto x) {
    const double both = static_cast<double>(maps.at(n, c, y, x)) + other.at(n, c, y, x), less = both - (centred ? centre[c] : 0);
    results.add(output.at(n, c, y, x), both);
    const int64_t at = (n * blocks + c / kLanes) * 2 * kLanes + c % kLanes;
    expectedSums[at] += less;
    expectedSums[at + kLanes] += less * less;
  });
  for (int64_t n = 0; n < one.images; ++n)
    for (int64_t c = 0; c < one.inputs; ++c)
      for (int64_t which = 0; which < 2; ++which) {
        const int64_t at = (n * blocks + c / kLanes) * 2 * kLanes + which * kLanes + c % kLanes;
        ofSums.add(sums[at], expectedSums[at]);
      }
  results.end(one, "a sum of maps", 1e-6);
  ofSums.end(one, "what a sum's mean and variance follow from", 1e-5);
}

}  // namespace

int main() {
  const std::vector<Case> cases = {
      {1, 1, 1, 1, 1, 3, 1},     {2, 3, 16, 9, 6, 3, 1},   {3, 16, 32, 7, 13, 3, 1}, {2, 48, 33, 8, 8, 3, 1}, {5, 70, 80, 4, 4, 3, 1}, {1, 17, 16, 5, 1, 3, 1},
      {1, 1, 1, 1, 1, 3, 2},     {2, 3, 16, 9, 6, 3, 2},   {3, 16, 48, 7, 13, 3, 2}, {1, 33, 17, 8, 8, 3, 2}, {2, 16, 16, 1, 2, 3, 2},
      {1, 1, 1, 1, 1, 1, 1},     {2, 20, 48, 6, 9, 1, 1},  {1, 1, 1, 2, 2, 1, 2},    {2, 33, 16, 5, 9, 1, 2},
  };
  for (const Case& one : cases) {
    Convolution(one).test();
    for (const bool relu : {true, false}) {
      testJoin(one, Mixing::plain, false, relu);
      testJoin(one, Mixing::plain, true, relu);
      testJoin(one, Mixing::normalised, true, relu);
      testSum(one, relu);
    }
  }
  if (failures == 0) std::printf("%zu shapes hold.\n", cases.size());
  return failures == 0 ? 0 : 1;
}
