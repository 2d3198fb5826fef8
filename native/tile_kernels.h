// The work on tiles, written once and compiled for each kind of processor.
//
// Tiles are taken in chunks whose values stay in a core's cache through three steps: what goes in becomes its values at the
// algorithm's points; at each point a matrix product over channels; from the products to what comes out.
//
// Symbols: d, w, v, u, m, y, q, p and the sizes I, S, P, U, O are those of tile_algorithms.h. Besides:
//   block   sixteen channels that lie together (`Lanes`); in `multiplyRows` j counts blocks of output channels
//   chunk   tiles that go through the three steps together; t counts them, in `multiplyRows` r does
//   depth   channels that are summed over; c counts them in `multiplyRows` and in `prepareChannel`
//   vPoint, mPoint, uPoint   floats from one point to the next in v, m and the prepared weight
//   vBlock, mBlock, between  floats from one block of channels to the next in v and m
#include "tile_algorithms.h"
#include "tile_convolution.h"

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
    constexpr int64_t cache = 768 << 10, shared = 16 << 20;
    if (weightSize(shape.depth, shape.outBlocks) * static_cast<int64_t>(sizeof(float)) > shared) return 5 * kRows;
    const int64_t ofTile = P * P * (shape.inBlocks + shape.outBlocks) * kLanes * static_cast<int64_t>(sizeof(float));
    const int64_t parts = cache / ofTile / kRows;
    return kRows * (parts < 1 ? 1 : parts > 3 ? 3 : parts);
  }

  // A line more than needed: distances of powers of two would make points compete for the same sets of the cache.
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

  // One block of channels of one tile to its values at all points.
  REAT_INLINE void gather(const TileShape& shape, const TileOperands& operands, Place place, int64_t block, float* v,
                          int64_t pointSize) {
    const int64_t top = place.row * Algorithm::step + Algorithm::offset;
    const int64_t left = place.column * Algorithm::step + Algorithm::offset;
    const int64_t plane = (place.image * shape.inBlocks + block) * shape.inHeight * shape.inWidth;
    // Tiles overlap; each writes what no other one does.
    const auto own = [](int i) { return i >= -Algorithm::offset && i < Algorithm::step - Algorithm::offset; };
    Lanes rows[I][P];
    for (int r = 0; r < I; ++r) {
      const int64_t y = top + r;
      if (y < 0 || y >= shape.inHeight) {
        for (int p = 0; p < P; ++p) rows[r][p] = spread(0);
        continue;
      }
      Lanes row[I];
      for (int c = 0; c < I; ++c) {
        const int64_t x = left + c;
        if (x < 0 || x >= shape.inWidth) {
          row[c] = spread(0);
          continue;
        }
        const int64_t pixel = plane + y * shape.inWidth + x;
        row[c] = load(operands.input + pixel * kLanes);
        if (operands.inputBits != nullptr) row[c] = where(operands.inputBits[pixel], row[c]);
        if (operands.countedInput != nullptr && own(r) && own(c)) store(operands.countedInput + pixel * kLanes, row[c]);
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

  // One block of output channels of one tile from the products at all points.
  REAT_INLINE void scatter(const TileShape& shape, const TileOperands& operands, Place place, int64_t block, const float* m,
                           int64_t pointSize) {
    Lanes rows[P][O];
    for (int q = 0; q < P; ++q) {
      Lanes products[P];
      for (int p = 0; p < P; ++p) products[p] = load(m + (q * P + p) * pointSize);
      Algorithm::output(products, rows[q]);
    }
    const int64_t top = place.row * O, left = place.column * O;
    const int64_t plane = (place.image * shape.outBlocks + block) * shape.outHeight * shape.outWidth;
    const int64_t height = least(O, shape.outHeight - top), width = least(O, shape.outWidth - left);
    // A result too large to stay in the cache until the next convolution is written past it: the cache then keeps what is read.
    constexpr int64_t kept = 8 << 20;
    const int64_t pixels = shape.images * shape.outBlocks * shape.outHeight * shape.outWidth;
    const int64_t bytes = pixels * kLanes * static_cast<int64_t>(sizeof(float));
    const bool around = bytes > kept && reinterpret_cast<uintptr_t>(operands.output) % 64 == 0;
    const Lanes bias = operands.bias == nullptr ? spread(0) : load(operands.bias + block * kLanes);
    for (int c = 0; c < width; ++c) {
      Lanes column[P], results[O];
      for (int q = 0; q < P; ++q) column[q] = rows[q][c];
      Algorithm::output(column, results);
      for (int r = 0; r < height; ++r) {
        const int64_t pixel = plane + (top + r) * shape.outWidth + left + c;
        Lanes result = results[r] + bias;
        if (operands.addend != nullptr) result = result + load(operands.addend + pixel * kLanes);
        if (operands.relu) {
          const uint16_t bits = notAtMostZero(result);
          result = where(bits, result);
          if (operands.outputBits != nullptr) operands.outputBits[pixel] = bits;
        }
        if (around)
          storeAround(operands.output + pixel * kLanes, result);
        else
          store(operands.output + pixel * kLanes, result);
      }
    }
  }

  static void convolve(const TileShape& shape, const TileOperands& operands, int64_t first, int64_t last, int64_t chunk,
                       float* scratch) {
    const int64_t vPoint = pointSize(shape.inBlocks, chunk), mPoint = pointSize(shape.outBlocks, chunk);
    const int64_t uPoint = shape.depth * shape.outBlocks * kLanes, between = chunk * kLanes;
    float* v = scratch;
    float* m = scratch + P * P * vPoint;
    for (int64_t begin = first; begin < last; begin += chunk) {
      const int64_t count = least(chunk, last - begin);
      for (int64_t block = 0; block < shape.inBlocks; ++block)
        for (int64_t t = 0; t < count; ++t)
          gather(shape, operands, placeOf(shape, begin + t), block, v + block * between + t * kLanes, vPoint);
      for (int q = 0; q < P; ++q)
        for (int p = 0; p < P; ++p) {
          const int point = q * P + p, kernel = Algorithm::kernelOf(q) * U + Algorithm::kernelOf(p);
          multiply(count, v + point * vPoint, between, operands.weight + kernel * uPoint, shape.depth, shape.outBlocks,
                   m + point * mPoint, between);
        }
      for (int64_t block = 0; block < shape.outBlocks; ++block)
        for (int64_t t = 0; t < count; ++t)
          scatter(shape, operands, placeOf(shape, begin + t), block, m + block * between + t * kLanes, mPoint);
    }
    // Stores around the caches keep no order of their own.
    _mm_sfence();
  }

  static int64_t weightSize(int64_t depth, int64_t outBlocks) { return U * U * depth * outBlocks * kLanes; }

  // To [U·U, outBlocks in panels of kVectors, depth, kVectors · 16], in the order in which `multiply` reads it.
  static void prepareWeight(const TileWeight& weight, int64_t first, int64_t last, float* prepared) {
    const int64_t outBlocks = divideUp(weight.outputs, kLanes);
    // A few channels at a time: neither reading nor writing then goes through more pages than the processor keeps in mind.
    constexpr int64_t few = 16;
    for (int64_t begin = first; begin < last; begin += few)
      for (int64_t block = 0; block < outBlocks; ++block)
        for (int64_t c = begin; c < least(begin + few, last); ++c)
          prepareChannel(weight, c, block, outBlocks, prepared);
  }

  REAT_INLINE void prepareChannel(const TileWeight& weight, int64_t c, int64_t block, int64_t outBlocks, float* prepared) {
    // Channels that are not there are zero.
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

// Calls `body` with the algorithm that a geometry wants.
template <class Body>
static auto withAlgorithm(TileGeometry geometry, const Body& body) {
  if (geometry.kernel == 3) {
    // Without a stride, back is forth with another weight: the kernel is turned round.
    if (geometry.stride == 1) return body(Tiles<Winograd>());
    return geometry.back ? body(Tiles<StridedBack>()) : body(Tiles<StridedForth>());
  }
  if (geometry.stride == 1) return body(Tiles<Pointwise<1, 1>>());
  return geometry.back ? body(Tiles<Pointwise<1, 2>>()) : body(Tiles<Pointwise<2, 1>>());
}

static int64_t tiles(TileGeometry geometry, const TileShape& shape) {
  return withAlgorithm(geometry, [&](auto algorithm) { return decltype(algorithm)::tiles(shape); });
}

static int64_t chunk(TileGeometry geometry, const TileShape& shape) {
  return withAlgorithm(geometry, [&](auto algorithm) { return decltype(algorithm)::chunk(shape); });
}

static int64_t scratch(TileGeometry geometry, const TileShape& shape, int64_t chunk) {
  return withAlgorithm(geometry, [&](auto algorithm) { return decltype(algorithm)::scratch(shape, chunk); });
}

static void convolve(TileGeometry geometry, const TileShape& shape, const TileOperands& operands, int64_t first, int64_t last,
                     int64_t chunk, float* scratch) {
  withAlgorithm(geometry, [&](auto algorithm) {
    decltype(algorithm)::convolve(shape, operands, first, last, chunk, scratch);
  });
}

static int64_t weightSize(TileGeometry geometry, int64_t depth, int64_t outBlocks) {
  return withAlgorithm(geometry, [&](auto algorithm) { return decltype(algorithm)::weightSize(depth, outBlocks); });
}

static void prepareWeight(TileGeometry geometry, const TileWeight& weight, int64_t first, int64_t last, float* prepared) {
  withAlgorithm(geometry, [&](auto algorithm) { decltype(algorithm)::prepareWeight(weight, first, last, prepared); });
}

static const TileKernels kernels = {tiles, chunk, scratch, convolve, weightSize, prepareWeight};

}  // namespace reat::REAT_PROCESSOR
