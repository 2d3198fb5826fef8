// The matrix products of the work on tiles, one at each point: of tiles with a weight, and of tiles with tiles for its gradient.
//
// Symbols are those of tile_kernels.h.
#pragma once

#include "lanes.h"

namespace reat::REAT_PROCESSOR {

REAT_INLINE int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
REAT_INLINE int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Channels that are summed up before the sum joins those of the others: one long sum would round more coarsely.
constexpr int64_t kSpan = 64;

// One product: `rows` tiles of `depth` channels with `vectors` blocks of output channels. Each sum stays in a register.
template <int rows, int vectors>
static void multiplyRows(const float* v, int64_t vBlock, const float* u, int64_t depth, float* m, int64_t mBlock) {
  for (int64_t done = 0; done < depth; done += kSpan) {
    Lanes sums[rows][vectors];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) sums[r][j] = spread(0);
    for (int64_t left = least(kSpan, depth - done); left > 0; left -= kLanes, v += vBlock) {
      const int64_t channels = least(left, kLanes);
      for (int64_t c = 0; c < channels; ++c, u += vectors * kLanes) {
        Lanes weights[vectors];
#pragma GCC unroll 4
        for (int j = 0; j < vectors; ++j) weights[j] = load(u + j * kLanes);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {
          const Lanes value = spread(v[r * kLanes + c]);
#pragma GCC unroll 4
          for (int j = 0; j < vectors; ++j) sums[r][j] = fused(value, weights[j], sums[r][j]);
        }
      }
    }
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j)
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
        float* to = m + j * mBlock + r * kLanes;
        store(to, done == 0 ? sums[r][j] : load(to) + sums[r][j]);
      }
  }
}

using MultiplyRows = void (*)(const float*, int64_t, const float*, int64_t, float*, int64_t);

template <int vectors, int rows = kRows>
static MultiplyRows multiplyOf(int64_t wanted) {
  if constexpr (rows == 0)
    return nullptr;
  else
    return wanted == rows ? multiplyRows<rows, vectors> : multiplyOf<vectors, rows - 1>(wanted);
}

// All tiles of a chunk at one point. `vBlock` and `mBlock` lie between blocks of channels.
static void multiply(int64_t tiles, const float* v, int64_t vBlock, const float* u, int64_t depth, int64_t outBlocks, float* m,
                     int64_t mBlock) {
  const int64_t parts = divideUp(tiles, kRows);
  for (int64_t block = 0; block < outBlocks; block += kVectors) {
    const bool whole = block + kVectors <= outBlocks;
    for (int64_t part = 0; part < parts; ++part) {
      // Even parts: a short one would do little with each weight that it loads.
      const int64_t first = tiles * part / parts, rows = tiles * (part + 1) / parts - first;
      const MultiplyRows work = whole ? multiplyOf<kVectors>(rows) : multiplyOf<1>(rows);
      work(v + first * kLanes, vBlock, u + block * kLanes * depth, depth, m + block * mBlock + first * kLanes, mBlock);
    }
  }
}

// What `count` tiles add to the gradient of a weight at one point, for `rows` channels that go in and `vectors` blocks that come
// out: v holds the former (`rows` of a block's channels), m the gradient of the latter.
template <int rows, int vectors>
REAT_INLINE void addRows(int64_t count, const float* v, const float* m, int64_t mBlock, float* u, bool fresh) {
  Lanes sums[rows][vectors];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) sums[r][j] = spread(0);
  for (int64_t t = 0; t < count; ++t, v += kLanes, m += kLanes) {
    Lanes gradients[vectors];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) gradients[j] = load(m + j * mBlock);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      const Lanes value = spread(v[r]);
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) sums[r][j] = fused(value, gradients[j], sums[r][j]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) {
      float* to = u + (r * vectors + j) * kLanes;
      store(to, fresh ? sums[r][j] : load(to) + sums[r][j]);
    }
}

template <int vectors>
static void addPanel(int64_t count, const float* v, int64_t vBlock, int64_t inBlocks, const float* m, int64_t mBlock, float* u,
                     bool fresh) {
  for (int64_t block = 0; block < inBlocks; ++block)
    for (int c = 0; c < kLanes; c += kGradientRows)
      addRows<kGradientRows, vectors>(count, v + block * vBlock + c, m, mBlock, u + (block * kLanes + c) * vectors * kLanes,
                                      fresh);
}

// All tiles of a chunk at one point; u is laid out as a prepared weight of `inBlocks` whole blocks. `fresh` begins its sums.
static void addProducts(int64_t count, const float* v, int64_t vBlock, int64_t inBlocks, const float* m, int64_t mBlock,
                        int64_t outBlocks, float* u, bool fresh) {
  for (int64_t block = 0; block < outBlocks;) {
    float* panel = u + block * kLanes * inBlocks * kLanes;
    if (block + kVectors <= outBlocks) {
      addPanel<kVectors>(count, v, vBlock, inBlocks, m + block * mBlock, mBlock, panel, fresh);
      block += kVectors;
    } else {
      addPanel<1>(count, v, vBlock, inBlocks, m + block * mBlock, mBlock, panel, fresh);
      block += 1;
    }
  }
}

}  // namespace reat::REAT_PROCESSOR
