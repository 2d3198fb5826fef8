// The cost of calling an operator from TypeScript, on tensors so small that the computation itself takes no time.
import { Generator, randn, scope, type Tensor } from "reat";
import { keep, ones } from "reat/tensor";
import type { CallsWork } from "../work.js";
import type { Run } from "./run.js";

export function prepareCalls({ operator, calls }: CallsWork): Run {
  const a = keep(randn([4], new Generator(0)));
  const b = keep(ones([4]));
  const operators: Record<CallsWork["operator"], () => Tensor> = {
    add: () => a.add(b),
    "add in place": () => a.add_(b),
    relu: () => a.relu(),
    "sum over a dimension": () => a.sum(0),
  };
  const call = operators[operator];
  return () => {
    scope(() => {
      for (let i = 0; i < calls; i++) call();
    });
    return {};
  };
}
