// How maps count where tiles take them: as they lie, where bits let them, or with a normalisation's part done on the way.
#pragma once

#include "lanes.h"
#include "tile_convolution.h"

namespace reat::REAT_PROCESSOR {

// A source is told the block of channels first, and then gives the sixteen of a pixel.

// As they lie.
struct PlainMaps {
  const float* maps;

  struct Block {
    const float* maps;
    REAT_INLINE Lanes at(const Block& self, int64_t pixel) { return load(self.maps + pixel * kLanes); }
    REAT_INLINE void expect(const Block& self, int64_t pixel) { fetch(self.maps + pixel * kLanes); }
  };
  REAT_INLINE Block of(const PlainMaps& self, int64_t) { return {self.maps}; }
};

// Where a bit is set; otherwise zero.
struct LetThrough {
  const float* maps;
  const uint16_t* bits;

  struct Block {
    const float* maps;
    const uint16_t* bits;
    REAT_INLINE Lanes at(const Block& self, int64_t pixel) { return where(self.bits[pixel], load(self.maps + pixel * kLanes)); }
    REAT_INLINE void expect(const Block& self, int64_t pixel) { fetch(self.maps + pixel * kLanes); }
  };
  REAT_INLINE Block of(const LetThrough& self, int64_t) { return {self.maps, self.bits}; }
};

// maps · scale + shift, and at least zero where `relu`: what a normalisation and ReLU make of them.
struct NormalisedMaps {
  const float* maps;
  TileMix mix;

  struct Block {
    const float* maps;
    Lanes scale, shift, least;
    REAT_INLINE Lanes at(const Block& self, int64_t pixel) {
      return atLeast(self.least, fused(load(self.maps + pixel * kLanes), self.scale, self.shift));
    }
    REAT_INLINE void expect(const Block& self, int64_t pixel) { fetch(self.maps + pixel * kLanes); }
  };
  REAT_INLINE Block of(const NormalisedMaps& self, int64_t block) {
    return {self.maps, load(self.mix.scale + block * kLanes), load(self.mix.shift + block * kLanes),
            spread(self.mix.relu ? 0 : -__builtin_inff())};
  }
};

// maps + shift + other · otherScale: a gradient with that of the maps' mean and variance.
struct MixedMaps {
  const float* maps;
  TileMix mix;

  struct Block {
    const float *maps, *other;
    Lanes shift, otherScale;
    REAT_INLINE Lanes at(const Block& self, int64_t pixel) {
      return fused(load(self.other + pixel * kLanes), self.otherScale, load(self.maps + pixel * kLanes) + self.shift);
    }
    REAT_INLINE void expect(const Block& self, int64_t pixel) {
      fetch(self.maps + pixel * kLanes);
      fetch(self.other + pixel * kLanes);
    }
  };
  REAT_INLINE Block of(const MixedMaps& self, int64_t block) {
    return {self.maps, self.mix.other, load(self.mix.shift + block * kLanes), load(self.mix.otherScale + block * kLanes)};
  }
};

// Calls `body` with the source that an operand wants.
template <class Body>
REAT_INLINE void withSource(const float* maps, const uint16_t* bits, const TileMix& mix, const Body& body) {
  if (mix.other != nullptr) return body(MixedMaps{maps, mix});
  if (mix.scale != nullptr) return body(NormalisedMaps{maps, mix});
  if (bits != nullptr) return body(LetThrough{maps, bits});
  body(PlainMaps{maps});
}

}  // namespace reat::REAT_PROCESSOR
