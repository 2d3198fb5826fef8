// Element-wise operations of tensors: arithmetic, comparison, logic, and their in-place forms.
import { TensorHandle } from "./handle.js";
import { operator } from "./operator.js";
import type { Tensor } from "./tensor.js";

/** A tensor, broadcast as in PyTorch, or a number. */
export type Operand = Tensor | number;

type Binary = (a: TensorHandle, b: Operand) => Tensor;

function binary(name: string): Binary {
  const withTensor = operator(`${name}.Tensor`);
  const withScalar = operator(`${name}.Scalar`);
  return (a, b) => (typeof b === "number" ? withScalar(a, b) : withTensor(a, b));
}

const [add, sub, mul, div] = [binary("add"), binary("sub"), binary("mul"), binary("div")];
const [addInPlace, subInPlace] = [binary("add_"), binary("sub_")];
const [mulInPlace, divInPlace] = [binary("mul_"), binary("div_")];
const [eq, ne, lt, le, gt, ge] = [
  binary("eq"),
  binary("ne"),
  binary("lt"),
  binary("le"),
  binary("gt"),
  binary("ge"),
];
const powTensor = operator("pow.Tensor_Tensor");
const powScalar = operator("pow.Tensor_Scalar");
const floorDivide = operator("floor_divide.Scalar");
const remainder = operator("remainder.Scalar");
const [neg, abs, sign, exp, log, log1p] = ["neg", "abs", "sign", "exp", "log", "log1p"].map(operator);
const [sqrt, rsqrt, reciprocal, floor] = ["sqrt", "rsqrt", "reciprocal", "floor"].map(operator);
const [relu, sigmoid, tanh, isfinite] = ["relu", "sigmoid", "tanh", "isfinite"].map(operator);
const [logicalNot, logicalAnd, logicalOr] = ["logical_not", "logical_and", "logical_or"].map(operator);
const [maximum, minimum] = ["maximum", "minimum"].map(operator);
const clamp = operator("clamp");
const clampTensor = operator("clamp.Tensor");
const clampInPlace = operator("clamp_");
const clampTensorInPlace = operator("clamp_.Tensor");
const [signInPlace, zeroInPlace, copyInPlace] = ["sign_", "zero_", "copy_"].map(operator);
const reluInPlace = operator("relu_");
const fillInPlace = operator("fill_.Scalar");
const addScaled = operator("add.Tensor");
const addScaledInPlace = operator("add_.Tensor");
const lerpInPlace = operator("lerp_.Scalar");
const maskedFill = operator("masked_fill.Scalar");
const whereSelf = operator("where.self");

/** Element-wise mathematics. Two tensors broadcast against each other; results have PyTorch's dtypes. */
export class TensorArithmetic extends TensorHandle {
  add(other: Operand): Tensor {
    return add(this, other);
  }

  sub(other: Operand): Tensor {
    return sub(this, other);
  }

  mul(other: Operand): Tensor {
    return mul(this, other);
  }

  div(other: Operand): Tensor {
    return div(this, other);
  }

  /** this + factor · other, in one pass. */
  addScaled(other: Tensor, factor: number): Tensor {
    return addScaled(this, other, factor);
  }

  pow(exponent: Operand): Tensor {
    return typeof exponent === "number" ? powScalar(this, exponent) : powTensor(this, exponent);
  }

  floorDivide(divisor: number): Tensor {
    return floorDivide(this, divisor);
  }

  /** Has the divisor's sign, as in Python. */
  remainder(divisor: number): Tensor {
    return remainder(this, divisor);
  }

  neg(): Tensor {
    return neg(this);
  }

  abs(): Tensor {
    return abs(this);
  }

  exp(): Tensor {
    return exp(this);
  }

  log(): Tensor {
    return log(this);
  }

  log1p(): Tensor {
    return log1p(this);
  }

  sqrt(): Tensor {
    return sqrt(this);
  }

  rsqrt(): Tensor {
    return rsqrt(this);
  }

  reciprocal(): Tensor {
    return reciprocal(this);
  }

  floor(): Tensor {
    return floor(this);
  }

  relu(): Tensor {
    return relu(this);
  }

  sigmoid(): Tensor {
    return sigmoid(this);
  }

  tanh(): Tensor {
    return tanh(this);
  }

  /** −1, 0 or 1. */
  sign(): Tensor {
    return sign(this);
  }

  /** Limits every element; `null` leaves a side open. */
  clamp(min: number | null, max: number | null): Tensor {
    return clamp(this, min, max);
  }

  /** Limits every element by those of two tensors. */
  clampTo(min: Tensor, max: Tensor): Tensor {
    return clampTensor(this, min, max);
  }

  maximum(other: Tensor): Tensor {
    return maximum(this, other);
  }

  minimum(other: Tensor): Tensor {
    return minimum(this, other);
  }

  eq(other: Operand): Tensor {
    return eq(this, other);
  }

  ne(other: Operand): Tensor {
    return ne(this, other);
  }

  lt(other: Operand): Tensor {
    return lt(this, other);
  }

  le(other: Operand): Tensor {
    return le(this, other);
  }

  gt(other: Operand): Tensor {
    return gt(this, other);
  }

  ge(other: Operand): Tensor {
    return ge(this, other);
  }

  isFinite(): Tensor {
    return isfinite(this);
  }

  logicalAnd(other: Tensor): Tensor {
    return logicalAnd(this, other);
  }

  logicalOr(other: Tensor): Tensor {
    return logicalOr(this, other);
  }

  logicalNot(): Tensor {
    return logicalNot(this);
  }

  /** `value` where `mask` (bool) is true. */
  maskedFill(mask: Tensor, value: number): Tensor {
    return maskedFill(this, mask, value);
  }

  /** This where `condition` (bool) is true, `other` elsewhere. */
  where(condition: Tensor, other: Tensor): Tensor {
    return whereSelf(condition, this, other);
  }

  add_(other: Operand): this {
    return addInPlace(this, other) as unknown as this;
  }

  sub_(other: Operand): this {
    return subInPlace(this, other) as unknown as this;
  }

  mul_(other: Operand): this {
    return mulInPlace(this, other) as unknown as this;
  }

  div_(other: Operand): this {
    return divInPlace(this, other) as unknown as this;
  }

  /** Adds factor · other in place. */
  addScaled_(other: Tensor, factor: number): this {
    return addScaledInPlace(this, other, factor) as unknown as this;
  }

  /** Moves towards `end` by the fraction `weight`, in place. */
  lerp_(end: Tensor, weight: number): this {
    return lerpInPlace(this, end, weight) as unknown as this;
  }

  clamp_(min: number | null, max: number | null): this {
    return clampInPlace(this, min, max) as unknown as this;
  }

  clampTo_(min: Tensor, max: Tensor): this {
    return clampTensorInPlace(this, min, max) as unknown as this;
  }

  sign_(): this {
    return signInPlace(this) as unknown as this;
  }

  relu_(): this {
    return reluInPlace(this) as unknown as this;
  }

  zero_(): this {
    return zeroInPlace(this) as unknown as this;
  }

  fill_(value: number): this {
    return fillInPlace(this, value) as unknown as this;
  }

  /** Overwrites the elements with those of `source`, converted and broadcast. */
  copy_(source: Tensor): this {
    return copyInPlace(this, source) as unknown as this;
  }
}
