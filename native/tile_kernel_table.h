// The kernels by geometry: what the rest of the addon calls.
#include "tile_join.h"
#include "tile_kernels.h"
#include "tile_weight_gradient.h"

namespace reat::REAT_PROCESSOR {

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

// Going back has no weight of its own: its gradient is that of the way forth.
template <class Body>
static auto withForth(TileGeometry geometry, const Body& body) {
  if (geometry.kernel == 3) return geometry.stride == 1 ? body(WeightGradient<Winograd>()) : body(WeightGradient<StridedForth>());
  return geometry.stride == 1 ? body(WeightGradient<Pointwise<1, 1>>()) : body(WeightGradient<Pointwise<2, 1>>());
}

static int64_t gradientSize(TileGeometry geometry, const TileShape& shape, int64_t outBlocks) {
  return withForth(geometry, [&](auto gradient) { return decltype(gradient)::size(shape, outBlocks); });
}

static int64_t gradientScratch(TileGeometry geometry, const TileShape& shape, const TileShare& share) {
  return withForth(geometry, [&](auto gradient) { return decltype(gradient)::scratch(shape, share); });
}

static void addGradient(TileGeometry geometry, const TileShape& shape, const TileWeightOperands& operands, const TileShare& share,
                        float* scratch, float* atPoints) {
  withForth(geometry, [&](auto gradient) { decltype(gradient)::add(shape, operands, share, scratch, atPoints); });
}

static void finishGradient(TileGeometry geometry, const TileShape& shape, const float* atPoints, int64_t parts, int64_t between,
                           const TileShare& channels, int64_t outputs, float* weight) {
  withForth(geometry, [&](auto gradient) {
    decltype(gradient)::finish(shape, atPoints, parts, between, channels, outputs, weight);
  });
}

static const TileKernels kernels = {tiles,           chunk, scratch,  convolve,        weightSize,  prepareWeight,
                                    gradientSize,    kVectors,        gradientScratch, addGradient, finishGradient,
                                    joinMaps,        separateMaps, sumMaps};

}  // namespace reat::REAT_PROCESSOR
