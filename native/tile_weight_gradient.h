// The gradient of a weight: the algorithms of the convolution taken from the last step to the first.
//
// A convolution is y = Aᵀ[(G w) ⊙ (Bᵀ d)], linear in w, so a gradient g of y gives w the gradient Gᵀ[(A g) ⊙ (Bᵀ d)], summed over all
// tiles: the same points, and the same values of the maps at them. It is F(3×3, 4×4) where the convolution is F(4×4, 3×3).
//
// Symbols are those of tile_kernels.h; here m holds the values of the gradient at the points, A g, and u sums of products.
#pragma once

#include "tile_kernels.h"

namespace reat::REAT_PROCESSOR {

template <class Algorithm>
struct WeightGradient {
  using Forth = Tiles<Algorithm>;
  static constexpr int P = Forth::P, O = Forth::O, S = Forth::S, U = Forth::U;

  static int64_t blocks(const TileShare& share) { return share.lastBlock - share.firstBlock; }

  static int64_t size(const TileShape& shape, int64_t outBlocks) { return U * U * shape.inBlocks * kLanes * outBlocks * kLanes; }

  // Each chunk reads and writes all sums once, and leaves its values in the cache until they are read: neither few tiles nor many.
  static int64_t chunk(const TileShape& shape, const TileShare& share) {
    constexpr int64_t cache = 768 << 10, fewest = 64;
    const int64_t ofTile = P * P * (shape.inBlocks + blocks(share)) * kLanes * static_cast<int64_t>(sizeof(float));
    const int64_t fits = cache / ofTile;
    return least(share.last - share.first, fits < fewest ? fewest : fits);
  }

  static int64_t scratch(const TileShape& shape, const TileShare& share) {
    const int64_t count = chunk(shape, share);
    return P * P * (Forth::pointSize(shape.inBlocks, count) + Forth::pointSize(blocks(share), count));
  }

  // One block of channels of a tile's gradient to its values at all points.
  template <class Source>
  REAT_INLINE void gatherGradient(const TileShape& shape, const Source& source, typename Forth::Place place, int64_t block,
                                  float* m, int64_t pointSize) {
    const int64_t top = place.row * O, left = place.column * O;
    const int64_t plane = (place.image * shape.outBlocks + block) * shape.outHeight * shape.outWidth;
    const auto gradient = Source::of(source, block);
    Lanes rows[O][P];
    for (int r = 0; r < O; ++r) {
      Lanes row[O];
      for (int c = 0; c < O; ++c) {
        const bool inside = top + r < shape.outHeight && left + c < shape.outWidth;
        row[c] = inside ? Source::Block::at(gradient, plane + (top + r) * shape.outWidth + left + c) : spread(0);
      }
      Algorithm::outputTransposed(row, rows[r]);
    }
    for (int p = 0; p < P; ++p) {
      Lanes column[O], values[P];
      for (int r = 0; r < O; ++r) column[r] = rows[r][p];
      Algorithm::outputTransposed(column, values);
      for (int q = 0; q < P; ++q) store(m + (q * P + p) * pointSize, values[q]);
    }
  }

  static void add(const TileShape& shape, const TileWeightOperands& operands, const TileShare& share, float* scratch, float* u) {
    withSource(operands.input, nullptr, operands.inputMix, [&](const auto& maps) {
      withSource(operands.gradient, nullptr, operands.gradientMix, [&](const auto& gradient) {
        addFrom(shape, maps, gradient, share, scratch, u);
      });
    });
  }

  template <class Maps, class Gradient>
  static void addFrom(const TileShape& shape, const Maps& maps, const Gradient& gradient, const TileShare& share, float* scratch,
                      float* u) {
    const int64_t most = chunk(shape, share), between = most * kLanes;
    const int64_t vPoint = Forth::pointSize(shape.inBlocks, most), mPoint = Forth::pointSize(blocks(share), most);
    const int64_t uPoint = shape.inBlocks * kLanes * blocks(share) * kLanes;
    float* v = scratch;
    float* m = scratch + P * P * vPoint;
    // Points that share a kernel add to the same sums, which the first one begins.
    const auto begins = [](int point) { return point == 0 || Algorithm::kernelOf(point) != Algorithm::kernelOf(point - 1); };
    for (int64_t begin = share.first; begin < share.last; begin += most) {
      const int64_t count = least(most, share.last - begin);
      for (int64_t block = 0; block < shape.inBlocks; ++block)
        for (int64_t t = 0; t < count; ++t)
          Forth::gather(shape, maps, nullptr, Forth::placeOf(shape, begin + t), block, v + block * between + t * kLanes, vPoint);
      for (int64_t block = 0; block < blocks(share); ++block)
        for (int64_t t = 0; t < count; ++t)
          gatherGradient(shape, gradient, Forth::placeOf(shape, begin + t), share.firstBlock + block,
                         m + block * between + t * kLanes, mPoint);
      for (int q = 0; q < P; ++q)
        for (int p = 0; p < P; ++p) {
          const int point = q * P + p, kernel = Algorithm::kernelOf(q) * U + Algorithm::kernelOf(p);
          const bool fresh = begin == share.first && begins(q) && begins(p);
          addProducts(count, v + point * vPoint, between, shape.inBlocks, m + point * mPoint, between, blocks(share),
                      u + kernel * uPoint, fresh);
        }
    }
  }

  // `u` begins with the channels' first block; a part has `blocks(channels)` of them.
  static void finish(const TileShape& shape, const float* u, int64_t parts, int64_t between, const TileShare& channels,
                     int64_t outputs, float* weight) {
    // A few channels at a time, as where weights are prepared.
    constexpr int64_t few = 16;
    for (int64_t begin = channels.first; begin < channels.last; begin += few)
      for (int64_t block = 0; block < blocks(channels); ++block)
        for (int64_t c = begin; c < least(begin + few, channels.last); ++c)
          finishChannel(shape, u, parts, between, channels, c, block, outputs, weight);
  }

  REAT_INLINE void finishChannel(const TileShape& shape, const float* u, int64_t parts, int64_t between, const TileShare& channels,
                                 int64_t c, int64_t block, int64_t outputs, float* weight) {
    const int64_t outBlocks = blocks(channels), depth = shape.inBlocks * kLanes;
    const int64_t before = block / kVectors * kVectors;
    const int64_t vectors = before + kVectors <= outBlocks ? kVectors : 1, start = vectors == 1 ? block : before;
    const float* from = u + start * kLanes * depth + (c * vectors + block - start) * kLanes;
    Lanes rows[U][S];
    for (int q = 0; q < U; ++q) {
      Lanes row[U];
      for (int p = 0; p < U; ++p) {
        const float* point = from + (q * U + p) * depth * outBlocks * kLanes;
        row[p] = load(point);
        for (int64_t part = 1; part < parts; ++part) row[p] = row[p] + load(point + part * between);
      }
      Algorithm::kernelTransposed(row, rows[q]);
    }
    float taps[S * S][kLanes];
    for (int s = 0; s < S; ++s) {
      Lanes column[U], values[S];
      for (int q = 0; q < U; ++q) column[q] = rows[q][s];
      Algorithm::kernelTransposed(column, values);
      for (int r = 0; r < S; ++r) store(taps[r * S + s], values[r]);
    }
    const int64_t first = (channels.firstBlock + block) * kLanes;
    for (int64_t o = 0; o < least(kLanes, outputs - first); ++o) {
      float* to = weight + ((first + o) * shape.depth + c) * S * S;
      for (int tap = 0; tap < S * S; ++tap) to[tap] = taps[tap][o];
    }
  }
};

}  // namespace reat::REAT_PROCESSOR
