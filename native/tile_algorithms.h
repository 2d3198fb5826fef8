// Convolutions as products at a few points: what one dimension of a tile, of its result and of the kernel turn into.
//
// y = Aᵀ[(G w) ⊙ (Bᵀ d)] in either dimension (Winograd 1980; Lavin and Gray 2016, arXiv 1509.09308): `input` is Bᵀ,
// `kernel` is G, `output` is Aᵀ. With stride 2 the even and the odd samples meet different taps: the odd ones two of them, which
// takes 5 products for 4 results instead of 8, the even ones the middle tap, which takes 4. Together 81 products for 16 results
// where the definition has 144; without a stride they are 36.
//
// Symbols, here and in tile_kernels.h, each of one dimension; a tile has both, so that [I] is [I, I] and so on:
//   d [I]  samples of a tile: of the map, or going back of the gradient
//   w [S]  taps of the kernel
//   v [P]  Bᵀ d, the samples' values at the points (`input`)
//   u [P]  G w, the kernel's values at the points (`kernel`); equal ones are kept once, so [U] in memory
//   m [P]  v · u, summed over channels
//   y [O]  Aᵀ m, the results of the tile (`output`)
//   a, b   the points are 0, ±a and ±b, and for Winograd infinity; aa, bb their squares; atZero, atA, atB the rows' scalings in G
//   q, p   a point down the rows and one along them; r, c in the same way a row and a column of a tile
//
// `node scripts/tile-points.mjs` derives the scalings, shows over exact fractions that the formulas below are convolutions, and
// bounds their rounding. How many times as far as in a sum by the definition rounding can move a result, in the worst case, to
// first order in 2⁻²⁴, over 64, 256 and 512 channels:
//   Winograd     0, ±11/16, ±11/8     99.2   76.1   58.6
//   StridedForth 0, ±1, ±2            57.0   43.7   33.6
//   StridedBack  0, ±1, ±2            50.1   38.5   29.6
// On random maps it moves them by less than a millionth of their size. Of all pairs in sixteenths these points are not the very
// best, which would have a sixth to a quarter less rounding there; the strided ones multiply by whole numbers.
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

// `evenA` and `evenB`: the taps 0 and 2 summed at ±a and at ±b.
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

// Of each algorithm: `inputs` is I, `points` P, `outputs` O, `taps` S and `kernels` U; the next tile begins `step` samples further,
// the first one at sample `offset`. Product p takes row `kernelOf(p)` of the U kept ones.

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

// The transpose: what went into a result at stride 2 gets its share of the result's gradient back.
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

// A 1×1 kernel: every `stride`-th sample goes in, and comes out with `gap - 1` zeros after it.
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
