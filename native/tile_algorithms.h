// Convolutions as products at a few points (Winograd): the transformations of a tile, of its result and of the kernel, in one dimension.
//
// y = Aᵀ[(G w) ⊙ (Bᵀ d)] in each dimension (Winograd 1980; Lavin and Gray 2016, arXiv 1509.09308): `input` is Bᵀ,
// `kernel` is G, `output` is Aᵀ. Without a stride, 16 results take 36 products, where the definition has 144. With stride 2, even
// and odd samples meet different taps. Odd samples meet two taps, which takes 5 products for 4 results instead of 8; even samples meet
// the middle tap, which takes 4. That makes 81 products for 16 results.
//
// Symbols, here and in tile_kernels.h, each of one dimension; a tile has both, so that [I] is [I, I] and so on:
//   d [I]  samples of a tile of the map, or of the gradient in a backward pass
//   w [S]  taps of the kernel
//   v [P]  Bᵀ d, the samples' values at the points (`input`)
//   u [P]  G w, the kernel's values at the points (`kernel`); equal ones are kept once, so [U] in memory
//   m [P]  v · u, summed over channels
//   y [O]  Aᵀ m, the results of the tile (`output`)
//   a, b   the points are 0, ±a and ±b, and for Winograd infinity; aa, bb their squares; atZero, atA, atB the rows' scalings in G
//   q, p   a point along the column and one along the row; r, c are in the same way a row and a column of a tile
//
// `node scripts/tile-points.mjs` derives the scalings, shows with exact fractions that the formulas below are convolutions, and
// bounds their rounding error. The table gives the worst-case error of a result as a multiple of the worst case of a sum by the
// definition, to first order in 2⁻²⁴, for 64, 256 and 512 channels:
//   Winograd     0, ±11/16, ±11/8     99.2   76.1   58.6
//   StridedForth 0, ±1, ±2            57.0   43.7   33.6
//   StridedBack  0, ±1, ±2            50.1   38.5   29.6
// On random maps the error is less than a millionth of the results. Of all pairs of points in sixteenths the best would have a
// sixth to a quarter less rounding there than these; the strided ones were chosen because they multiply by whole numbers.
#pragma once

#include "lanes.h"

namespace reat::REAT_PROCESSOR {

// Interpolation at 0, ±a and ±b.
template <int aNumerator, int aDenominator, int bNumerator, int bDenominator>
struct Points {
  static constexpr float a = static_cast<float>(aNumerator) / aDenominator, b = static_cast<float>(bNumerator) / bDenominator;
  static constexpr float aa = a * a, bb = b * b;
  static constexpr float atZero = 1 / (aa * bb), atA = 1 / (2 * aa * (aa - bb)), atB = 1 / (2 * bb * (bb - aa));
};

template <class At>
REAT_INLINE void inputAtPoints(const Lanes* d, Lanes* v) {
  const Lanes evenA = fused(spread(-At::bb), d[2], d[4]), evenB = fused(spread(-At::aa), d[2], d[4]);
  const Lanes oddA = spread(At::a) * fused(spread(-At::bb), d[1], d[3]);
  const Lanes oddB = spread(At::b) * fused(spread(-At::aa), d[1], d[3]);
  v[0] = fused(spread(-At::bb), fused(spread(-At::aa), d[0], d[2]), evenB);
  v[1] = evenA + oddA;
  v[2] = evenA - oddA;
  v[3] = evenB + oddB;
  v[4] = evenB - oddB;
}

template <class At>
REAT_INLINE void outputFromPoints(const Lanes* m, Lanes* y) {
  const Lanes sumA = m[1] + m[2], differenceA = m[1] - m[2], sumB = m[3] + m[4], differenceB = m[3] - m[4];
  y[0] = m[0] + sumA + sumB;
  y[1] = fused(spread(At::b), differenceB, spread(At::a) * differenceA);
  y[2] = fused(spread(At::bb), sumB, spread(At::aa) * sumA);
  y[3] = fused(spread(At::bb * At::b), differenceB, spread(At::aa * At::a) * differenceA);
}

// `evenA` and `evenB`: the sum of taps 0 and 2 at ±a and at ±b.
template <class At>
REAT_INLINE void kernelAtPoints(Lanes first, Lanes middle, Lanes evenA, Lanes evenB, Lanes* u) {
  u[0] = spread(At::atZero) * first;
  u[1] = spread(At::atA) * fused(spread(At::a), middle, evenA);
  u[2] = spread(At::atA) * fused(spread(-At::a), middle, evenA);
  u[3] = spread(At::atB) * fused(spread(At::b), middle, evenB);
  u[4] = spread(At::atB) * fused(spread(-At::b), middle, evenB);
}

// The transposes of the two above: the gradient of a weight takes its steps from the last to the first.
template <class At>
REAT_INLINE void pointsFromOutput(const Lanes* g, Lanes* m) {
  const Lanes sumA = fused(spread(At::aa), g[2], g[0]), sumB = fused(spread(At::bb), g[2], g[0]);
  const Lanes differenceA = spread(At::a) * fused(spread(At::aa), g[3], g[1]);
  const Lanes differenceB = spread(At::b) * fused(spread(At::bb), g[3], g[1]);
  m[0] = g[0];
  m[1] = sumA + differenceA;
  m[2] = sumA - differenceA;
  m[3] = sumB + differenceB;
  m[4] = sumB - differenceB;
}

template <class At>
REAT_INLINE void kernelFromPoints(const Lanes* u, Lanes* first, Lanes* middle, Lanes* evenA, Lanes* evenB) {
  *evenA = spread(At::atA) * (u[1] + u[2]);
  *evenB = spread(At::atB) * (u[3] + u[4]);
  *first = spread(At::atZero) * u[0];
  *middle = fused(spread(At::atB * At::b), u[3] - u[4], spread(At::atA * At::a) * (u[1] - u[2]));
}

// In each algorithm `inputs` is I, `points` P, `outputs` O, `taps` S and `kernels` U. The first tile begins at sample `offset`, and
// each next tile `step` samples further. Product p uses row `kernelOf(p)` of the U rows that are kept.

// F(4, 3): four results of three taps by six products.
struct Winograd {
  static constexpr int inputs = 6, step = 4, offset = -1, points = 6, outputs = 4, taps = 3, kernels = 6;
  static constexpr int kernelOf(int point) { return point; }
  using At = Points<11, 16, 11, 8>;

  REAT_INLINE void input(const Lanes* d, Lanes* v) {
    inputAtPoints<At>(d, v);
    v[5] = fused(spread(At::aa * At::bb), d[1], fused(spread(-(At::aa + At::bb)), d[3], d[5]));
  }
  REAT_INLINE void kernel(const Lanes* w, Lanes* u) {
    kernelAtPoints<At>(w[0], w[1], fused(spread(At::aa), w[2], w[0]), fused(spread(At::bb), w[2], w[0]), u);
    u[5] = w[2];
  }
  REAT_INLINE void output(const Lanes* m, Lanes* y) {
    outputFromPoints<At>(m, y);
    y[3] = y[3] + m[5];
  }
  REAT_INLINE void outputTransposed(const Lanes* g, Lanes* m) {
    pointsFromOutput<At>(g, m);
    m[5] = g[3];
  }
  REAT_INLINE void kernelTransposed(const Lanes* u, Lanes* w) {
    Lanes first, evenA, evenB;
    kernelFromPoints<At>(u, &first, &w[1], &evenA, &evenB);
    w[0] = first + evenA + evenB;
    w[2] = fused(spread(At::aa), evenA, fused(spread(At::bb), evenB, u[5]));
  }
};

// Five products for four results of two taps, then one each for the middle tap.
struct Strided {
  static constexpr int points = 9, taps = 3, kernels = 6;
  static constexpr int kernelOf(int point) { return point < 5 ? point : 5; }
  using At = Points<1, 1, 2, 1>;
};

struct StridedForth : Strided {
  static constexpr int inputs = 9, step = 8, offset = -1, outputs = 4;

  REAT_INLINE void input(const Lanes* d, Lanes* v) {
    const Lanes outer[5] = {d[0], d[2], d[4], d[6], d[8]};
    inputAtPoints<At>(outer, v);
    for (int i = 0; i < 4; ++i) v[5 + i] = d[2 * i + 1];
  }
  REAT_INLINE void kernel(const Lanes* w, Lanes* u) {
    kernelAtPoints<At>(w[0], w[2], w[0], w[0], u);
    u[5] = w[1];
  }
  REAT_INLINE void output(const Lanes* m, Lanes* y) {
    outputFromPoints<At>(m, y);
    for (int i = 0; i < 4; ++i) y[i] = y[i] + m[5 + i];
  }
  REAT_INLINE void outputTransposed(const Lanes* g, Lanes* m) {
    pointsFromOutput<At>(g, m);
    for (int i = 0; i < 4; ++i) m[5 + i] = g[i];
  }
  REAT_INLINE void kernelTransposed(const Lanes* u, Lanes* w) {
    Lanes first, evenA, evenB;
    kernelFromPoints<At>(u, &first, &w[2], &evenA, &evenB);
    w[0] = first + evenA + evenB;
    w[1] = u[5];
  }
};

// The transpose of the strided convolution: each sample gets back its share of the gradients of the results it went into.
struct StridedBack : Strided {
  static constexpr int inputs = 5, step = 4, offset = 0, outputs = 8;

  REAT_INLINE void input(const Lanes* d, Lanes* v) {
    inputAtPoints<At>(d, v);
    for (int i = 0; i < 4; ++i) v[5 + i] = d[i];
  }
  REAT_INLINE void kernel(const Lanes* w, Lanes* u) {
    kernelAtPoints<At>(w[2], w[0], w[2], w[2], u);
    u[5] = w[1];
  }
  REAT_INLINE void output(const Lanes* m, Lanes* y) {
    Lanes odd[4];
    outputFromPoints<At>(m, odd);
    for (int i = 0; i < 4; ++i) {
      y[2 * i] = m[5 + i];
      y[2 * i + 1] = odd[i];
    }
  }
};

// A 1×1 kernel: only every `stride`-th sample is used, and `gap - 1` zeros follow each result.
template <int stride, int gap>
struct Pointwise {
  static constexpr int inputs = 3 * stride + 1, step = 4 * stride, offset = 0, points = 4, outputs = 4 * gap, taps = 1, kernels = 1;
  static constexpr int kernelOf(int) { return 0; }

  REAT_INLINE void input(const Lanes* d, Lanes* v) {
    for (int i = 0; i < 4; ++i) v[i] = d[stride * i];
  }
  REAT_INLINE void kernel(const Lanes* w, Lanes* u) { u[0] = w[0]; }
  REAT_INLINE void output(const Lanes* m, Lanes* y) {
    for (int i = 0; i < outputs; ++i) y[i] = i % gap == 0 ? m[i / gap] : spread(0);
  }
  REAT_INLINE void outputTransposed(const Lanes* g, Lanes* m) {
    for (int i = 0; i < points; ++i) m[i] = g[gap * i];
  }
  REAT_INLINE void kernelTransposed(const Lanes* u, Lanes* w) { w[0] = u[0]; }
};

}  // namespace reat::REAT_PROCESSOR
