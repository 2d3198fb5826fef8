// Compiled for processors with AVX2 and fused multiply-adds.
#define REAT_PROCESSOR avx2
#include "tile_kernel_table.h"

namespace reat {

const TileKernels& tileKernelsAvx2() { return avx2::kernels; }

}  // namespace reat
