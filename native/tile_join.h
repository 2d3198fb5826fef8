// Where branches of a network meet: their normalisations, their sum and ReLU in one pass over the maps, and the way back; and a sum with
// its statistics, for a normalisation that comes later.
#pragma once

#include "lanes.h"
#include "tile_convolution.h"

namespace reat::REAT_PROCESSOR {

REAT_INLINE Lanes normalised(const float* maps, int64_t pixel, Lanes scale, Lanes shift) {
  return fused(load(maps + pixel * kLanes), scale, shift);
}

// Planes are images times blocks, one block's pixels each.
static void joinMaps(const TileJoin& join, int64_t first, int64_t last) {
  for (int64_t plane = first; plane < last; ++plane) {
    const int64_t channel = plane % join.blocks * kLanes, begin = plane * join.pixels;
    const Lanes scale = load(join.mix.scale + channel), shift = load(join.mix.shift + channel);
    const bool mixed = join.otherMix.scale != nullptr;
    const Lanes otherScale = mixed ? load(join.otherMix.scale + channel) : spread(1);
    const Lanes otherShift = mixed ? load(join.otherMix.shift + channel) : spread(0);
    const Lanes floor = spread(join.relu ? 0 : -__builtin_inff());
    for (int64_t pixel = begin; pixel < begin + join.pixels; ++pixel) {
      Lanes sum = normalised(join.maps, pixel, scale, shift);
      if (join.other != nullptr)
        sum = sum + (mixed ? normalised(join.other, pixel, otherScale, otherShift) : load(join.other + pixel * kLanes));
      store(join.output + pixel * kLanes, atLeast(floor, sum));
    }
  }
}

static void separateMaps(const TileJoin& join, const TileSeparation& back, int64_t first, int64_t last) {
  for (int64_t plane = first; plane < last; ++plane) {
    const int64_t channel = plane % join.blocks * kLanes, begin = plane * join.pixels;
    const Lanes scale = load(join.mix.scale + channel), centre = load(back.centre + channel);
    const bool mixed = join.otherMix.scale != nullptr;
    const Lanes otherScale = mixed ? load(join.otherMix.scale + channel) : spread(1);
    const Lanes otherCentre = mixed ? load(back.otherCentre + channel) : spread(0);
    double* sums = back.sums + plane * 3 * kLanes;
    // What is summed in float32 is a few pixels alone.
    constexpr int64_t few = 32;
    for (int64_t part = begin; part < begin + join.pixels; part += few) {
      Lanes alone = spread(0), timesMaps = spread(0), timesOther = spread(0);
      const int64_t end = part + few < begin + join.pixels ? part + few : begin + join.pixels;
      for (int64_t pixel = part; pixel < end; ++pixel) {
        const int64_t at = pixel * kLanes;
        Lanes gradient = load(back.gradient + at);
        if (join.relu) gradient = where(notAtMostZero(load(join.output + at)), gradient);
        alone = alone + gradient;
        timesMaps = fused(gradient, load(join.maps + at) - centre, timesMaps);
        store(back.toMaps + at, gradient * scale);
        if (mixed) timesOther = fused(gradient, load(join.other + at) - otherCentre, timesOther);
        if (back.toOther != nullptr) store(back.toOther + at, gradient * otherScale);
      }
      addTo(sums, alone);
      addTo(sums + kLanes, timesMaps);
      addTo(sums + 2 * kLanes, timesOther);
    }
  }
}

static void sumMaps(const TileSum& sum, int64_t first, int64_t last) {
  for (int64_t plane = first; plane < last; ++plane) {
    const int64_t begin = plane * sum.pixels;
    const Lanes centre = sum.centre == nullptr ? spread(0) : load(sum.centre + plane % sum.blocks * kLanes);
    double* sums = sum.sums + plane * 2 * kLanes;
    constexpr int64_t few = 32;
    for (int64_t part = begin; part < begin + sum.pixels; part += few) {
      Lanes alone = spread(0), squares = spread(0);
      const int64_t end = part + few < begin + sum.pixels ? part + few : begin + sum.pixels;
      for (int64_t pixel = part; pixel < end; ++pixel) {
        const Lanes both = load(sum.maps + pixel * kLanes) + load(sum.other + pixel * kLanes), centred = both - centre;
        store(sum.output + pixel * kLanes, both);
        alone = alone + centred;
        squares = fused(centred, centred, squares);
      }
      addTo(sums, alone);
      addTo(sums + kLanes, squares);
    }
  }
}

}  // namespace reat::REAT_PROCESSOR
