// Compiled for processors with AVX-512.
#define REAT_PROCESSOR avx512
#include "tile_kernel_table.h"

namespace reat {

const TileKernels& tileKernelsAvx512() { return avx512::kernels; }

}  // namespace reat
