// Element-wise operations of tensors: arithmetic, comparison, logic, and their in-place forms.
import { dispatchTensor as operator } from "./dispatch.js";
import { TensorHandle } from "./handle.js";

type Binary = <T extends TensorHandle>(a: TensorHandle, b: TensorHandle | number) => T;

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

/**
 * Element-wise mathematics. Two tensors broadcast against each other; results have PyTorch's dtypes.
 * `Self` stands for `Tensor`, the class built on this one.
 */
export class TensorArithmetic<Self extends TensorHandle> extends TensorHandle {
  add(other: Self | number): Self {
    return add(this, other);
  }

  sub(other: Self | number): Self {
    return sub(this, other);
  }

  mul(other: Self | number): Self {
    return mul(this, other);
  }

  div(other: Self | number): Self {
    return div(this, other);
  }

  /** this + factor · other, in one pass. */
  addScaled(other: Self, factor: number): Self {
    return addScaled(this, other, factor);
  }

  pow(exponent: Self | number): Self {
    return typeof exponent === "number" ? powScalar(this, exponent) : powTensor(this, exponent);
  }

  floorDivide(divisor: number): Self {
    return floorDivide(this, divisor);
  }

  /** Has the divisor's sign, as in Python. */
  remainder(divisor: number): Self {
    return remainder(this, divisor);
  }

  neg(): Self {
    return neg(this);
  }

  abs(): Self {
    return abs(this);
  }

  exp(): Self {
    return exp(this);
  }

  log(): Self {
    return log(this);
  }

  log1p(): Self {
    return log1p(this);
  }

  sqrt(): Self {
    return sqrt(this);
  }

  rsqrt(): Self {
    return rsqrt(this);
  }

  reciprocal(): Self {
    return reciprocal(this);
  }

  floor(): Self {
    return floor(this);
  }

  relu(): Self {
    return relu(this);
  }

  sigmoid(): Self {
    return sigmoid(this);
  }

  tanh(): Self {
    return tanh(this);
  }

  /** −1, 0 or 1. */
  sign(): Self {
    return sign(this);
  }

  /** Limits every element; `null` leaves a side open. */
  clamp(min: number | null, max: number | null): Self {
    return clamp(this, min, max);
  }

  /** Limits every element by those of two tensors. */
  clampTo(min: Self, max: Self): Self {
    return clampTensor(this, min, max);
  }

  maximum(other: Self): Self {
    return maximum(this, other);
  }

  minimum(other: Self): Self {
    return minimum(this, other);
  }

  eq(other: Self | number): Self {
    return eq(this, other);
  }

  ne(other: Self | number): Self {
    return ne(this, other);
  }

  lt(other: Self | number): Self {
    return lt(this, other);
  }

  le(other: Self | number): Self {
    return le(this, other);
  }

  gt(other: Self | number): Self {
    return gt(this, other);
  }

  ge(other: Self | number): Self {
    return ge(this, other);
  }

  isFinite(): Self {
    return isfinite(this);
  }

  logicalAnd(other: Self): Self {
    return logicalAnd(this, other);
  }

  logicalOr(other: Self): Self {
    return logicalOr(this, other);
  }

  logicalNot(): Self {
    return logicalNot(this);
  }

  /** `value` where `mask` (bool) is true. */
  maskedFill(mask: Self, value: number): Self {
    return maskedFill(this, mask, value);
  }

  /** This where `condition` (bool) is true, `other` elsewhere. */
  where(condition: Self, other: Self): Self {
    return whereSelf(condition, this, other);
  }

  add_(other: Self | number): this {
    return addInPlace(this, other);
  }

  sub_(other: Self | number): this {
    return subInPlace(this, other);
  }

  mul_(other: Self | number): this {
    return mulInPlace(this, other);
  }

  div_(other: Self | number): this {
    return divInPlace(this, other);
  }

  /** Adds factor · other in place. */
  addScaled_(other: Self, factor: number): this {
    return addScaledInPlace(this, other, factor);
  }

  /** Moves towards `end` by the fraction `weight`, in place. */
  lerp_(end: Self, weight: number): this {
    return lerpInPlace(this, end, weight);
  }

  clamp_(min: number | null, max: number | null): this {
    return clampInPlace(this, min, max);
  }

  clampTo_(min: Self, max: Self): this {
    return clampTensorInPlace(this, min, max);
  }

  sign_(): this {
    return signInPlace(this);
  }

  relu_(): this {
    return reluInPlace(this);
  }

  zero_(): this {
    return zeroInPlace(this);
  }

  fill_(value: number): this {
    return fillInPlace(this, value);
  }

  /** Overwrites the elements with those of `source`, converted and broadcast. */
  copy_(source: Self): this {
    return copyInPlace(this, source);
  }
}
