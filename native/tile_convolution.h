// Convolutions of maps in blocks of sixteen channels, tile by tile, with what stands around them done on the way: the processor's
// part, which knows nothing of LibTorch.
#pragma once

#include <cstdint>

namespace reat {

// The convolution that is meant, and its direction: back to the gradient of what it takes.
struct TileGeometry {
  int kernel, stride;  // 3 (with padding 1) or 1; 1 or 2
  bool back;
};

// Sizes as they go in and come out; gradients go in where a convolution goes back.
struct TileShape {
  int64_t images;
  int64_t depth;  // channels that go in, those of the last block that are there alone
  int64_t inBlocks, inHeight, inWidth;
  int64_t outBlocks, outHeight, outWidth;
};

// Maps are [images, blocks, height, width, 16]; bits are [images, blocks, height, width], one for each of 16 channels. What is
// null is left out.
struct TileOperands {
  const float* input;
  const uint16_t* inputBits;  // the input counts where a bit is set
  float* countedInput;        // takes the input as it counts
  const float* weight;        // as `prepareWeight` made it
  const float* bias;          // [outBlocks * 16]
  const float* addend;        // of the output's shape, added before ReLU
  float* output;
  bool relu;
  uint16_t* outputBits;  // takes what ReLU let through
};

// A weight as it lies in memory: a tap of a kernel follows the one before it, turned round where `turned`.
struct TileWeight {
  const float* data;
  int64_t depth, outputs;              // channels that go in and that come out
  int64_t depthStride, outputsStride;  // floats from one channel to the next
  bool turned;
};

struct TileKernels {
  // Tiles of a convolution, and how many of them go through its steps together at most.
  int64_t (*tiles)(TileGeometry, const TileShape&);
  int64_t (*chunk)(TileGeometry, const TileShape&);
  // Floats of working memory for a chunk.
  int64_t (*scratch)(TileGeometry, const TileShape&, int64_t chunk);
  // Computes tiles `first` to `last` of the output.
  void (*convolve)(TileGeometry, const TileShape&, const TileOperands&, int64_t first, int64_t last, int64_t chunk, float* scratch);
  // Floats of a prepared weight.
  int64_t (*weightSize)(TileGeometry, int64_t depth, int64_t outBlocks);
  // Prepares what channels `first` to `last` that go in take.
  void (*prepareWeight)(TileGeometry, const TileWeight&, int64_t first, int64_t last, float* prepared);
};

#ifdef REAT_TILES
const TileKernels& tileKernelsAvx512();
const TileKernels& tileKernelsAvx2();
#endif

}  // namespace reat
