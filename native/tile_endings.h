// What happens to results on their way into memory: the sum, ReLU or statistics that follow a convolution, forth or back.
#pragma once

#include "lanes.h"
#include "tile_convolution.h"

namespace reat::REAT_PROCESSOR {

// Of one block of channels of one tile. `of` gives what is written of a result; `expect` is told where one will soon be
// asked for; `addSums` adds what was gathered about all.

REAT_INLINE void addBoth(double* sums, int64_t block, Lanes first, Lanes second) {
  addTo(sums + block * 2 * kLanes, first);
  addTo(sums + (block * 2 + 1) * kLanes, second);
}

// Bias, addend and ReLU.
struct Finished {
  const TileOperands& operands;
  const Lanes bias;

  REAT_METHOD Finished(const TileOperands& given, int64_t block)
      : operands(given), bias(given.bias == nullptr ? spread(0) : load(given.bias + block * kLanes)) {}

  REAT_METHOD Lanes of(Lanes result, int64_t pixel) {
    result = result + bias;
    if (operands.addend != nullptr) result = result + load(operands.addend + pixel * kLanes);
    if (operands.relu) {
      const uint16_t bits = notAtMostZero(result);
      result = where(bits, result);
      if (operands.outputBits != nullptr) operands.outputBits[pixel] = bits;
    }
    return result;
  }
  REAT_METHOD void expect(int64_t pixel) const {
    if (operands.addend != nullptr) fetch(operands.addend + pixel * kLanes);
  }
  REAT_METHOD void addSums(double*, int64_t) const {}
};

// The results as they are, and the sums from which their mean and variance follow. What is summed in float32 is a tile alone.
struct WithSums {
  const Lanes centre;
  Lanes first = spread(0), second = spread(0);

  REAT_METHOD WithSums(const TileOperands& operands, int64_t block)
      : centre(operands.centre == nullptr ? spread(0) : load(operands.centre + block * kLanes)) {}

  REAT_METHOD Lanes of(Lanes result, int64_t) {
    const Lanes centred = result - centre;
    first = first + centred;
    second = fused(centred, centred, second);
    return result;
  }
  REAT_METHOD void expect(int64_t) const {}
  REAT_METHOD void addSums(double* sums, int64_t block) const { addBoth(sums, block, first, second); }
};

// A gradient that goes on through ReLU and the normalisation before it, whose own gradients follow from the sums.
struct ToOrigin {
  const float* maps;
  const bool relu;
  const Lanes scale, shift, centre;
  Lanes first = spread(0), second = spread(0);

  REAT_METHOD ToOrigin(const TileOperands& operands, int64_t block)
      : maps(operands.origin.maps),
        relu(operands.origin.mix.relu),
        scale(load(operands.origin.mix.scale + block * kLanes)),
        shift(load(operands.origin.mix.shift + block * kLanes)),
        centre(load(operands.centre + block * kLanes)) {}

  REAT_METHOD Lanes of(Lanes result, int64_t pixel) {
    const Lanes origin = load(maps + pixel * kLanes);
    if (relu) result = where(notAtMostZero(fused(origin, scale, shift)), result);
    first = first + result;
    second = fused(result, origin - centre, second);
    return result * scale;
  }
  REAT_METHOD void expect(int64_t pixel) const { fetch(maps + pixel * kLanes); }
  REAT_METHOD void addSums(double* sums, int64_t block) const { addBoth(sums, block, first, second); }
};

}  // namespace reat::REAT_PROCESSOR
