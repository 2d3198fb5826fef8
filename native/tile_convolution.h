// Convolutions of maps in blocks of sixteen channels, tile by tile, with bias, sum and ReLU included. This is the part that is
// compiled for each kind of processor; it knows nothing of LibTorch.
#pragma once

#include <cstdint>

namespace reat {

// Which convolution to compute, and in which direction: forward, or back to the gradient of its input.
struct TileGeometry {
  int kernel, stride;  // 3 (with padding 1) or 1; 1 or 2
  bool back;
};

// Sizes of input and output; in the backward direction the input is the gradient of the result.
struct TileShape {
  int64_t images;
  int64_t depth;  // input channels, without the unused ones of the last block
  int64_t inBlocks, inHeight, inWidth;
  int64_t outBlocks, outHeight, outWidth;
};

// How maps count: as maps · scale + shift and through ReLU where `relu`, or as maps + shift + other · otherScale. Each has a
// value for a channel, [blocks * 16]; `other` is of the maps' shape. What is null is left out.
struct TileMix {
  const float* scale;
  const float* shift;
  const float* other;
  const float* otherScale;
  bool relu;
};

// The maps from which a convolution's input was made, where their gradient is wanted: `mix` of them.
struct TileOrigin {
  const float* maps;  // of the output's shape
  TileMix mix;
};

// Maps are [images, blocks, height, width, 16]; bits are [images, blocks, height, width], one bit for each of 16 channels. A null
// pointer leaves that part out.
struct TileOperands {
  const float* input;
  const uint16_t* inputBits;  // where a bit is not set, the input counts as zero
  float* countedInput;        // receives the input with those zeros
  const float* weight;        // as `prepareWeight` made it
  const float* bias;          // [outBlocks * 16]
  const float* addend;        // of the output's shape, added before ReLU
  float* output;
  bool relu;
  uint16_t* outputBits;  // receives a bit for each value that ReLU let through
  TileMix inputMix = {};
  // Of each chunk [outBlocks, 2, 16]: sums over the pixels of the output less `centre` and of its square.
  double* sums = nullptr;
  const float* centre = nullptr;  // [outBlocks * 16]
  // Where there is one, the output goes on to the gradient of its maps, and `sums` are those of what gets through ReLU, alone and
  // times the maps less `centre`.
  TileOrigin origin = {};
};

// The gradient of a convolution's weight: the sum over all pixels of what went in times the gradient of what came out.
struct TileWeightOperands {
  const float* input;
  TileMix inputMix;
  const float* gradient;
  TileMix gradientMix;
};

// A share of the work on a weight's gradient: tiles `first` to `last`, blocks of output channels `firstBlock` to `lastBlock`.
struct TileShare {
  int64_t first, last, firstBlock, lastBlock;
};

// output = mix of maps + other, through ReLU where `relu`; `other` is left out, as it is or normalised too. Each plane is one block of one image.
struct TileJoin {
  int64_t blocks, pixels;
  const float* maps;
  TileMix mix;
  const float* other;
  TileMix otherMix;
  float* output;
  bool relu;
};

// The way back from `gradient`, that of the output. Of each plane `sums` takes [3, 16]: the gradient behind ReLU, the same times the
// maps less `centre`, and times `other` less `otherCentre`.
struct TileSeparation {
  const float* gradient;
  const float* centre;
  const float* otherCentre;
  float* toMaps;
  float* toOther;
  double* sums;
};

// output = maps + other. Of each plane `sums` takes [2, 16]: sums over the pixels of the output less `centre` and of its square.
struct TileSum {
  int64_t blocks, pixels;
  const float* maps;
  const float* other;
  const float* centre;  // [blocks * 16], null for zero
  float* output;
  double* sums;
};

// A weight in memory. The taps of a kernel follow each other, in reverse order if `turned`.
struct TileWeight {
  const float* data;
  int64_t depth, outputs;              // input and output channels
  int64_t depthStride, outputsStride;  // floats from one channel to the next
  bool turned;
};

struct TileKernels {
  // How many tiles a convolution has, and how many at most go through its steps together.
  int64_t (*tiles)(TileGeometry, const TileShape&);
  int64_t (*chunk)(TileGeometry, const TileShape&);
  // Floats of working memory for a chunk.
  int64_t (*scratch)(TileGeometry, const TileShape&, int64_t chunk);
  // Computes tiles `first` to `last` of the output.
  void (*convolve)(TileGeometry, const TileShape&, const TileOperands&, int64_t first, int64_t last, int64_t chunk, float* scratch);
  // Floats of a prepared weight.
  int64_t (*weightSize)(TileGeometry, int64_t depth, int64_t outBlocks);
  // Prepares the part of the weight for input channels `first` to `last`.
  void (*prepareWeight)(TileGeometry, const TileWeight&, int64_t first, int64_t last, float* prepared);
  // Floats of a weight's gradient at the points, over `outBlocks` blocks of output channels; blocks are shared out in multiples of `panel`.
  int64_t (*gradientSize)(TileGeometry, const TileShape&, int64_t outBlocks);
  int64_t panel;
  // Floats of working memory for a share.
  int64_t (*gradientScratch)(TileGeometry, const TileShape&, const TileShare&);
  // Sums a share's part of a gradient at the points; `shape` is that of the convolution, and there must be tiles.
  void (*addGradient)(TileGeometry, const TileShape&, const TileWeightOperands&, const TileShare&, float* scratch, float* atPoints);
  // From the gradients at the points, `parts` of them summed, to that of the weight [outputs, depth, kernel, kernel]: channels
  // `first` to `last` that go in, blocks `firstBlock` to `lastBlock` that come out. Parts lie `between` floats apart.
  void (*finishGradient)(TileGeometry, const TileShape&, const float* atPoints, int64_t parts, int64_t between, const TileShare& channels,
                         int64_t outputs, float* weight);
  // Planes `first` to `last`; `join.output` holds the result where it goes back.
  void (*join)(const TileJoin& join, int64_t first, int64_t last);
  void (*separate)(const TileJoin& join, const TileSeparation&, int64_t first, int64_t last);
  void (*sum)(const TileSum&, int64_t first, int64_t last);
};

#ifdef REAT_TILES
const TileKernels& tileKernelsAvx512();
const TileKernels& tileKernelsAvx2();
#endif

}  // namespace reat
