// Sixteen floats that one operation computes with at once: one register of AVX-512, two of AVX2.
//
// Only files that are compiled for one of the two may include this. Neither this file nor those that include it may use an inline
// function of a library: the linker could use their copy, with instructions that not every processor has, in the rest of the addon.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace reat {

constexpr int kLanes = 16;

namespace REAT_PROCESSOR {

#define REAT_INLINE static inline __attribute__((always_inline))
#define REAT_METHOD inline __attribute__((always_inline))

// Asks for what will soon be loaded.
REAT_INLINE void fetch(const float* from) { _mm_prefetch(reinterpret_cast<const char*>(from), _MM_HINT_T0); }

#ifdef __AVX512F__

struct Lanes {
  __m512 all;
};

REAT_INLINE Lanes load(const float* from) { return {_mm512_loadu_ps(from)}; }
REAT_INLINE void store(float* to, Lanes x) { _mm512_storeu_ps(to, x.all); }
// Stores directly to memory, around the caches; `to` must be aligned to 64 bytes.
REAT_INLINE void storeAround(float* to, Lanes x) { _mm512_stream_ps(to, x.all); }
REAT_INLINE Lanes spread(float x) { return {_mm512_set1_ps(x)}; }
REAT_INLINE Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.all, b.all)}; }
REAT_INLINE Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.all, b.all)}; }
REAT_INLINE Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.all, b.all)}; }
// a · b + c
REAT_INLINE Lanes fused(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.all, b.all, c.all)}; }
// A bit for each lane that is not at most zero: NaN stays NaN, as in LibTorch's ReLU.
REAT_INLINE uint16_t notAtMostZero(Lanes x) {
  return static_cast<uint16_t>(_mm512_cmp_ps_mask(x.all, _mm512_setzero_ps(), _CMP_NLE_UQ));
}
// The lanes whose bit is set; the others are zero.
REAT_INLINE Lanes where(uint16_t bits, Lanes x) { return {_mm512_maskz_mov_ps(bits, x.all)}; }
// The greater of both; NaN where x is.
REAT_INLINE Lanes atLeast(Lanes least, Lanes x) { return {_mm512_max_ps(least.all, x.all)}; }
// Adds sixteen floats to as many doubles.
REAT_INLINE void addTo(double* to, Lanes x) {
  const __m256 low = _mm512_castps512_ps256(x.all);
  const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x.all), 1));
  _mm512_storeu_pd(to, _mm512_add_pd(_mm512_loadu_pd(to), _mm512_cvtps_pd(low)));
  _mm512_storeu_pd(to + 8, _mm512_add_pd(_mm512_loadu_pd(to + 8), _mm512_cvtps_pd(high)));
}

// As many sums (rows times vectors of lanes) as fit into 32 registers together with their factors.
constexpr int kRows = 14;
constexpr int kVectors = 2;
// The same where rows are channels, of which a block has sixteen.
constexpr int kGradientRows = 8;

#else

struct Lanes {
  __m256 low, high;
};

REAT_INLINE Lanes load(const float* from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
REAT_INLINE void store(float* to, Lanes x) {
  _mm256_storeu_ps(to, x.low);
  _mm256_storeu_ps(to + 8, x.high);
}
REAT_INLINE void storeAround(float* to, Lanes x) {
  _mm256_stream_ps(to, x.low);
  _mm256_stream_ps(to + 8, x.high);
}
REAT_INLINE Lanes spread(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
REAT_INLINE Lanes operator+(Lanes a, Lanes b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
REAT_INLINE Lanes operator-(Lanes a, Lanes b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
REAT_INLINE Lanes operator*(Lanes a, Lanes b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
REAT_INLINE Lanes fused(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
REAT_INLINE uint16_t notAtMostZero(Lanes x) {
  const __m256 zero = _mm256_setzero_ps();
  const int low = _mm256_movemask_ps(_mm256_cmp_ps(x.low, zero, _CMP_NLE_UQ));
  const int high = _mm256_movemask_ps(_mm256_cmp_ps(x.high, zero, _CMP_NLE_UQ));
  return static_cast<uint16_t>(low | high << 8);
}
REAT_INLINE Lanes where(uint16_t bits, Lanes x) {
  const __m256i each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const auto half = [&](int eight) {
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(eight), each), each));
  };
  return {_mm256_and_ps(half(bits & 255), x.low), _mm256_and_ps(half(bits >> 8), x.high)};
}
REAT_INLINE Lanes atLeast(Lanes least, Lanes x) { return {_mm256_max_ps(least.low, x.low), _mm256_max_ps(least.high, x.high)}; }
REAT_INLINE void addTo(double* to, Lanes x) {
  const auto four = [](double* some, __m128 y) {
    _mm256_storeu_pd(some, _mm256_add_pd(_mm256_loadu_pd(some), _mm256_cvtps_pd(y)));
  };
  four(to, _mm256_castps256_ps128(x.low));
  four(to + 4, _mm256_extractf128_ps(x.low, 1));
  four(to + 8, _mm256_castps256_ps128(x.high));
  four(to + 12, _mm256_extractf128_ps(x.high, 1));
}

// 12 of the 16 registers hold sums.
constexpr int kRows = 6;
constexpr int kVectors = 1;
constexpr int kGradientRows = 4;

#endif

}  // namespace REAT_PROCESSOR
}  // namespace reat
