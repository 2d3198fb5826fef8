// Sorts LibTorch's operators into the kinds of work that a profile of a training step shows.

/** The kinds that a profile shows, in this order. Together they are the whole step. */
export const kinds = [
  "convolution",
  "matrix product",
  "normalisation",
  "element-wise",
  "layout and copies",
  "loss and reductions",
  "optimiser",
  "other operators",
  "data and augmentation",
  "JavaScript and bookkeeping",
] as const;
export type Kind = (typeof kinds)[number];

const patterns: readonly (readonly [RegExp, Kind])[] = [
  [/conv/i, "convolution"],
  [/(^|::)(add|b)?mm$|matmul|linear|(^|::)bmm/, "matrix product"],
  [/batch_?norm/i, "normalisation"],
  [/foreach/, "optimiser"],
  [/copy|clone|contiguous|mkldnn_reorder|to_mkldnn|to_dense|(^|::)(cat|_to_copy|to)$/i, "layout and copies"],
  [/softmax|nll|cross_entropy|(^|::)(sum|mean|amin|amax|argmax|stack)$|embedding/i, "loss and reductions"],
  [
    /(^|::)(relu|threshold|add|sub|mul|div|sign|sgn|clamp|maximum|minimum|min|max|where|eq|gt|lt|neg|uniform|rand|fill|zero|zeros|empty)/i,
    "element-wise",
  ],
];

/** The kind of an operator by its name, such as "aten::mkldnn_convolution" or "ConvolutionBackward0". */
export function kindOf(operator: string): Kind {
  return patterns.find(([pattern]) => pattern.test(operator))?.[1] ?? "other operators";
}
