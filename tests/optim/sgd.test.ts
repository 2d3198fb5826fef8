// SGD against PyTorch's numbers; its state, its errors, its memory.
import { describe, expect, it } from "vitest";
import { SGD, type SgdOptions } from "../../src/optim/index.js";
import { grad, keep, liveTensors, scope, type Tensor, tensor } from "../../src/tensor/index.js";

// Five steps of PyTorch 1.13's torch.optim.SGD, the learning rate lowered before the fourth, made by
//   p = torch.tensor([1.0, -2.0, 0.5, 0.0], dtype=torch.float64, requires_grad=True)
//   o = torch.optim.SGD([p], lr=0.1, **options)
//   for t in range(5):
//       if t == 3: o.param_groups[0]["lr"] = 0.02
//       o.zero_grad(); ((p**4).sum()/4 + (p*torch.tensor([1.0, 2.0, -1.0, 0.5])).sum()).backward(); o.step()
const recorded: [Omit<SgdOptions, "learningRate">, number[], number[]?][] = [
  [{}, [0.4761730790853435, -1.2865830484976786, 0.7610746384910845, -0.16973854508500172]],
  [{ weightDecay: 0.01 }, [0.4739827988633993, -1.2841673420591722, 0.7593212050556736, -0.1695273583348143]],
  [
    { momentum: 0.9 },
    [-0.13725761292521732, -0.35984385679036335, 1.0223960234597436, -0.35394910748293357],
    [5.208064357892113, 0.4541200856058276, -1.805013322591709, 1.9942187138505154],
  ],
  [
    { momentum: 0.9, weightDecay: 0.01 },
    [-0.14200231293033105, -0.3532519023955873, 1.0189742326859705, -0.35347959824959096],
    [5.221572750099144, 0.4367641155225426, -1.7915748910589833, 1.9871739056597066],
  ],
  [
    { momentum: 0.9, weightDecay: 0.01, nesterov: true },
    [-0.4261769883165209, -0.7314952473865884, 1.0849607039016538, -0.47950806619864367],
    [4.897551801970517, 1.7243786630897908, -0.948490191514699, 1.8856277842032543],
  ],
];

/** Two parameters that together hold the four numbers. */
function parameters(): Map<string, Tensor> {
  const make = (values: number[]) => keep(tensor(values, { dtype: "float64" })).requiresGrad_();
  return new Map([
    ["a", make([1, -2])],
    ["b", make([0.5, 0])],
  ]);
}

function gradients(of: ReadonlyMap<string, Tensor>): Tensor[] {
  const slopes = { a: [1, 2], b: [-1, 0.5] };
  const losses = Array.from(of, ([name, p]) =>
    p
      .pow(4)
      .sum()
      .div(4)
      .add(p.mul(tensor(slopes[name as "a" | "b"], { dtype: "float64" })).sum()),
  );
  return grad(losses, [...of.values()]);
}

const numbers = (of: ReadonlyMap<string, Tensor>) => [...of.values()].flatMap((value) => value.toArray());

function run(optimiser: SGD, of: ReadonlyMap<string, Tensor>, from: number, to: number): void {
  for (let t = from; t < to; t++) {
    optimiser.learningRate = t < 3 ? 0.1 : 0.02;
    scope(() => optimiser.step(gradients(of)));
  }
}

describe("five steps", () => {
  it.each(recorded)("with %j equal PyTorch's", (options, values, momentum) => {
    const weights = parameters();
    const optimiser = new SGD(weights, { learningRate: 0.1, ...options });
    run(optimiser, weights, 0, 5);
    for (const [i, value] of numbers(weights).entries()) expect(value).toBeCloseTo(values[i]!, 14);
    const state = numbers(optimiser.state());
    expect(state.length).toBe(momentum?.length ?? 0);
    for (const [i, value] of state.entries()) expect(value).toBeCloseTo(momentum![i]!, 14);
  });

  it("equal three, a saved state, and two more in another optimiser, bit for bit", () => {
    const options = { learningRate: 0.1, momentum: 0.9, weightDecay: 0.01 };
    const [whole, split] = [parameters(), parameters()];
    run(new SGD(whole, options), whole, 0, 5);
    const first = new SGD(split, options);
    run(first, split, 0, 3);
    const second = new SGD(split, options);
    second.loadState(first.state());
    first.dispose();
    run(second, split, 3, 5);
    expect(numbers(split)).toEqual(numbers(whole));
    expect(numbers(second.state()).length).toBe(4);
  });
});

it("leaves gradients as they are and no tensors behind", () => {
  const weights = parameters();
  const optimiser = new SGD(weights, { learningRate: 0.1, momentum: 0.9, weightDecay: 0.1, nesterov: true });
  scope(() => {
    const given = gradients(weights);
    const before = given.map((gradient) => gradient.toArray());
    const alive = liveTensors();
    optimiser.step(given);
    expect(liveTensors()).toBe(alive);
    expect(given.map((gradient) => gradient.toArray())).toEqual(before);
  });
});

it("names the momentum after its parameter, or by index", () => {
  const weights = parameters();
  const options = { learningRate: 0.1, momentum: 0.9 };
  expect([...new SGD(weights, options).state().keys()]).toEqual(["momentum.a", "momentum.b"]);
  expect([...new SGD([...weights.values()], options).state().keys()]).toEqual(["momentum.0", "momentum.1"]);
});

it("refuses impossible options, wrong numbers of gradients and foreign states in one sentence", () => {
  const weights = parameters();
  expect(() => new SGD(weights, { learningRate: -1 })).toThrow("learningRate must be at least 0, got -1");
  expect(() => new SGD(weights, { learningRate: Number.NaN })).toThrow("got NaN");
  expect(() => new SGD(weights, { learningRate: 1, momentum: 1 })).toThrow("from 0 to below 1, got 1");
  expect(() => new SGD(weights, { learningRate: 1, nesterov: true })).toThrow("momentum above 0");
  const optimiser = new SGD(weights, { learningRate: 1, momentum: 0.9 });
  expect(() => optimiser.step([])).toThrow("SGD has 2 parameters and got 0 gradients.");
  expect(() => optimiser.loadState(new Map())).toThrow("lacks momentum.a");
  const state = optimiser.state();
  expect(() => optimiser.loadState(new Map([...state, ["momentum.c", tensor([1])]]))).toThrow(
    "an unknown entry momentum.c",
  );
  expect(() => optimiser.loadState(new Map([...state, ["momentum.b", tensor([1])]]))).toThrow(
    "momentum.b as [1] where [2] is needed",
  );
});
