// The work on tiles, written once and compiled for each kind of processor.
//
// Tiles are processed in chunks whose values stay in a core's cache through three steps: the input is transformed to its values at
// the algorithm's points; at each point a matrix product over channels is computed; the products are transformed to the output.
//
// Symbols: d, w, v, u, m, y, q, p and the sizes I, S, P, U, O are those of tile_algorithms.h. Besides:
//   block   sixteen channels that lie together (`Lanes`); in `multiplyRows` j counts blocks of output channels
//   chunk   tiles that go through the three steps together; t counts them, in `multiplyRows` r does
//   depth   the number of channels that are summed over; c counts them in `multiplyRows` and in `prepareChannel`
//   vPoint, mPoint, uPoint   floats from one point to the next in v, m and the prepared weight
//   vBlock, mBlock, between  floats from one block of channels to the next in v and m
#pragma once

#include "tile_algorithms.h"
#include "tile_convolution.h"
#include "tile_endings.h"
#include "tile_products.h"
#include "tile_sources.h"

namespace reat::REAT_PROCESSOR {

// How many tiles before their turn their pixels are asked for.
constexpr int kAhead = 2;

template <class Algorithm>
struct Tiles {
  static constexpr int I = Algorithm::inputs, P = Algorithm::points, O = Algorithm::outputs, S = Algorithm::taps;
  static constexpr int U = Algorithm::kernels;

  static int64_t across(const TileShape& shape) { return divideUp(shape.outWidth, O); }
  static int64_t down(const TileShape& shape) { return divideUp(shape.outHeight, O); }
  static int64_t tiles(const TileShape& shape) { return shape.images * across(shape) * down(shape); }

  // Large enough that a weight is used often while it is in a register, small enough for a core's cache. Weights that no cache
  // holds are read once for each chunk, so chunks are then larger.
  static int64_t chunk(const TileShape& shape) {
    constexpr int64_t cache = 768 << 10, shared = 16 << 20, large = 64;
    if (weightSize(shape.depth, shape.outBlocks) * static_cast<int64_t>(sizeof(float)) > shared) return divideUp(large, kRows) * kRows;
    const int64_t ofTile = P * P * (shape.inBlocks + shape.outBlocks) * kLanes * static_cast<int64_t>(sizeof(float));
    const int64_t parts = cache / ofTile / kRows;
    return kRows * (parts < 1 ? 1 : parts > 3 ? 3 : parts);
  }

  // One cache line more than needed: at distances that are powers of two, points would compete for the same sets of the cache.
  static int64_t pointSize(int64_t blocks, int64_t chunk) { return (blocks * chunk + 1) * kLanes; }

  static int64_t scratch(const TileShape& shape, int64_t chunk) {
    return P * P * (pointSize(shape.inBlocks, chunk) + pointSize(shape.outBlocks, chunk));
  }

  struct Place {
    int64_t image, row, column;
  };

  static Place placeOf(const TileShape& shape, int64_t tile) {
    const int64_t ofImage = across(shape) * down(shape);
    return {tile / ofImage, tile % ofImage / across(shape), tile % across(shape)};
  }

  // Transforms one block of channels of one tile to its values at all points.
  template <class Source>
  REAT_INLINE void gather(const TileShape& shape, const Source& source, float* counted, Place place, int64_t block, float* v,
                          int64_t pointSize) {
    const int64_t top = place.row * Algorithm::step + Algorithm::offset;
    const int64_t left = place.column * Algorithm::step + Algorithm::offset;
    const int64_t plane = (place.image * shape.inBlocks + block) * shape.inHeight * shape.inWidth;
    const auto maps = Source::of(source, block);
    // Tiles overlap; each writes only the part that no other tile writes.
    const auto own = [](int i) { return i >= -Algorithm::offset && i < Algorithm::step - Algorithm::offset; };
    Lanes rows[I][P];
    for (int r = 0; r < I; ++r) {
      const int64_t y = top + r;
      if (y < 0 || y >= shape.inHeight) {
        for (int p = 0; p < P; ++p) rows[r][p] = spread(0);
        continue;
      }
      Lanes row[I];
      // The rows of a tile lie far apart, which the processor does not foresee. Kernels of 1×1 leave pixels out.
      if (S > 1)
        for (int c = 0; c < Algorithm::step; ++c)
          Source::Block::expect(maps, plane + y * shape.inWidth + left + kAhead * Algorithm::step + c);
      for (int c = 0; c < I; ++c) {
        const int64_t x = left + c;
        if (x < 0 || x >= shape.inWidth) {
          row[c] = spread(0);
          continue;
        }
        const int64_t pixel = plane + y * shape.inWidth + x;
        row[c] = Source::Block::at(maps, pixel);
        if (counted != nullptr && own(r) && own(c)) store(counted + pixel * kLanes, row[c]);
      }
      Algorithm::input(row, rows[r]);
    }
    for (int p = 0; p < P; ++p) {
      Lanes column[I], values[P];
      for (int r = 0; r < I; ++r) column[r] = rows[r][p];
      Algorithm::input(column, values);
      for (int q = 0; q < P; ++q) store(v + (q * P + p) * pointSize, values[q]);
    }
  }

  // Computes one block of output channels of one tile from the products at all points.
  template <class Ending>
  REAT_INLINE void scatter(const TileShape& shape, const TileOperands& operands, Place place, int64_t block, const float* m,
                           int64_t pointSize, double* sums) {
    Lanes rows[P][O];
    for (int q = 0; q < P; ++q) {
      Lanes products[P];
      for (int p = 0; p < P; ++p) products[p] = load(m + (q * P + p) * pointSize);
      Algorithm::output(products, rows[q]);
    }
    const int64_t top = place.row * O, left = place.column * O;
    const int64_t plane = (place.image * shape.outBlocks + block) * shape.outHeight * shape.outWidth;
    const int64_t height = least(O, shape.outHeight - top), width = least(O, shape.outWidth - left);
    // If the result is too large to stay in the cache until the next convolution, it is written around the cache, which then keeps the
  // data that is read.
    constexpr int64_t kept = 8 << 20;
    const int64_t pixels = shape.images * shape.outBlocks * shape.outHeight * shape.outWidth;
    const int64_t bytes = pixels * kLanes * static_cast<int64_t>(sizeof(float));
    const bool around = bytes > kept && reinterpret_cast<uintptr_t>(operands.output) % 64 == 0;
    Ending ending(operands, block);
    for (int c = 0; c < width; ++c) {
      Lanes column[P], results[O];
      for (int q = 0; q < P; ++q) column[q] = rows[q][c];
      Algorithm::output(column, results);
      for (int r = 0; r < height; ++r) {
        const int64_t pixel = plane + (top + r) * shape.outWidth + left + c;
        ending.expect(pixel + kAhead * O);
        const Lanes result = ending.of(results[r], pixel);
        if (around)
          storeAround(operands.output + pixel * kLanes, result);
        else
          store(operands.output + pixel * kLanes, result);
      }
    }
    ending.addSums(sums, block);
  }

  static void convolve(const TileShape& shape, const TileOperands& operands, int64_t first, int64_t last, int64_t chunk,
                       float* scratch) {
    withSource(operands.input, operands.inputBits, operands.inputMix, [&](const auto& source) {
      if (operands.origin.maps != nullptr)
        convolveFrom<ToOrigin>(source, shape, operands, first, last, chunk, scratch);
      else if (operands.sums != nullptr)
        convolveFrom<WithSums>(source, shape, operands, first, last, chunk, scratch);
      else
        convolveFrom<Finished>(source, shape, operands, first, last, chunk, scratch);
    });
    // Stores around the caches have no order of their own, so a fence is needed.
    _mm_sfence();
  }

  template <class Ending, class Source>
  static void convolveFrom(const Source& source, const TileShape& shape, const TileOperands& operands, int64_t first, int64_t last,
                           int64_t chunk, float* scratch) {
    const int64_t vPoint = pointSize(shape.inBlocks, chunk), mPoint = pointSize(shape.outBlocks, chunk);
    const int64_t uPoint = shape.depth * shape.outBlocks * kLanes, between = chunk * kLanes;
    float* v = scratch;
    float* m = scratch + P * P * vPoint;
    for (int64_t begin = first; begin < last; begin += chunk) {
      const int64_t count = least(chunk, last - begin);
      double* sums = operands.sums == nullptr ? nullptr : operands.sums + begin / chunk * shape.outBlocks * 2 * kLanes;
      for (int64_t block = 0; block < shape.inBlocks; ++block)
        for (int64_t t = 0; t < count; ++t)
          gather(shape, source, operands.countedInput, placeOf(shape, begin + t), block, v + block * between + t * kLanes, vPoint);
      for (int q = 0; q < P; ++q)
        for (int p = 0; p < P; ++p) {
          const int point = q * P + p, kernel = Algorithm::kernelOf(q) * U + Algorithm::kernelOf(p);
          multiply(count, v + point * vPoint, between, operands.weight + kernel * uPoint, shape.depth, shape.outBlocks,
                   m + point * mPoint, between);
        }
      for (int64_t block = 0; block < shape.outBlocks; ++block)
        for (int64_t t = 0; t < count; ++t)
          scatter<Ending>(shape, operands, placeOf(shape, begin + t), block, m + block * between + t * kLanes, mPoint, sums);
    }
  }

  static int64_t weightSize(int64_t depth, int64_t outBlocks) { return U * U * depth * outBlocks * kLanes; }

  // To [U·U, outBlocks in panels of kVectors, depth, kVectors · 16], in the order in which `multiply` reads it.
  static void prepareWeight(const TileWeight& weight, int64_t first, int64_t last, float* prepared) {
    const int64_t outBlocks = divideUp(weight.outputs, kLanes);
    // A few channels at a time, so that reading and writing touch no more pages than the processor's table of pages holds.
    constexpr int64_t few = 16;
    for (int64_t begin = first; begin < last; begin += few)
      for (int64_t block = 0; block < outBlocks; ++block)
        for (int64_t c = begin; c < least(begin + few, last); ++c)
          prepareChannel(weight, c, block, outBlocks, prepared);
  }

  REAT_INLINE void prepareChannel(const TileWeight& weight, int64_t c, int64_t block, int64_t outBlocks, float* prepared) {
    // Channels beyond the last one are zero.
    float taps[S * S][kLanes] = {};
    const int64_t outputs = least(kLanes, weight.outputs - block * kLanes);
    const float* from = weight.data + block * kLanes * weight.outputsStride + c * weight.depthStride;
    for (int64_t o = 0; o < outputs; ++o)
      for (int tap = 0; tap < S * S; ++tap)
        taps[tap][o] = from[o * weight.outputsStride + (weight.turned ? S * S - 1 - tap : tap)];
    Lanes rows[S][U];
    for (int r = 0; r < S; ++r) {
      Lanes row[S];
      for (int s = 0; s < S; ++s) row[s] = load(taps[r * S + s]);
      Algorithm::kernel(row, rows[r]);
    }
    const int64_t before = block / kVectors * kVectors;
    const int64_t vectors = before + kVectors <= outBlocks ? kVectors : 1, start = vectors == 1 ? block : before;
    float* to = prepared + start * kLanes * weight.depth + (c * vectors + block - start) * kLanes;
    for (int p = 0; p < U; ++p) {
      Lanes column[S], values[U];
      for (int r = 0; r < S; ++r) column[r] = rows[r][p];
      Algorithm::kernel(column, values);
      for (int q = 0; q < U; ++q) store(to + (q * U + p) * weight.depth * outBlocks * kLanes, values[q]);
    }
  }
};

}  // namespace reat::REAT_PROCESSOR
