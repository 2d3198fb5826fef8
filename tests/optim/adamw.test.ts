// AdamW against PyTorch's numbers, parameters with settings of their own; its state, its errors, its memory.
import { describe, expect, it } from "vitest";
import { AdamW, type AdamWOptions, SGD } from "../../src/optim/index.js";
import { grad, keep, liveTensors, scope, type Tensor, tensor } from "../../src/tensor/index.js";

// Five steps of PyTorch 2.13's torch.optim.AdamW, the learning rate times 0.2 before the fourth, made by
//   a, b = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in ([1.0, -2.0], [0.5, 0.0])]
//   o = torch.optim.AdamW([a, b], lr=0.1, **options)
//   for t in range(5):
//       if t == 3: for g in o.param_groups: g["lr"] *= 0.2
//       o.zero_grad(); ((a**4).sum()/4 + (a*torch.tensor([1.0, 2.0])).sum() + (b**4).sum()/4 + (b*torch.tensor([-1.0, 0.5])).sum()).backward()
//       o.step()
// With `groups`, AdamW([{"params": [a], "lr": 0.01, "weight_decay": 0.0}, {"params": [b]}], …), and a.grad = None in the first two steps.
const recorded: {
  options: Omit<AdamWOptions, "learningRate">;
  groups: boolean;
  parameters: number[];
  means: number[];
  squares: number[];
}[] = [
  {
    options: { weightDecay: 0.01 },
    groups: false,
    parameters: [0.6605669855274797, -1.6608639651752937, 0.8337059594153833, -0.339373119183596],
    means: [0.6316212465219977, -1.5893657294587469, -0.25842019060395566, 0.19835177937063941],
    squares: [0.012758371773606607, 0.08953777767927486, 0.002265200036954352, 0.0011808892138444433],
  },
  {
    options: { beta1: 0.8, beta2: 0.95, eps: 1e-3, weightDecay: 0.3 },
    groups: false,
    parameters: [0.5806866760773772, -1.4947754036869187, 0.7740657299295278, -0.32653351821480614],
    means: [0.9577594846854842, -1.85630193490563, -0.4497988622461553, 0.3252919975186809],
    squares: [0.5190300188090872, 2.8384139141631, 0.11305554544701348, 0.05361146076853604],
  },
  {
    options: { weightDecay: 0.05 },
    groups: true,
    parameters: [0.9860021315875577, -1.986002922028491, 0.8254941234852328, -0.337685176042134],
    means: [0.535770182021361, -1.6009414993070823, -0.2618024214378244, 0.19842831721744664],
    squares: [0.011729195983556361, 0.10477789438127547, 0.0023044244765151162, 0.0011816491078670138],
  },
];

/** The backbone "a" has a tenth of the rate, no decay, and rests for two epochs. */
const settingsOf = (name: string) => (name === "a" ? { rate: 0.1, weightDecay: 0, frozenEpochs: 2 } : {});

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

const numbers = (of: Iterable<Tensor>) => [...of].flatMap((value) => value.toArray());
const close = (actual: number[], expected: number[]) =>
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 13);
  });

function steps(optimizer: AdamW, of: ReadonlyMap<string, Tensor>, from: number, to: number): void {
  for (let t = from; t < to; t++) {
    optimizer.epoch = t + 1;
    optimizer.learningRate = t < 3 ? 0.1 : 0.1 * 0.2;
    scope(() => optimizer.step(gradients(of)));
  }
}

describe("AdamW", () => {
  it.each(recorded)("steps as PyTorch's does, $options, groups: $groups", (entry) => {
    scope(() => {
      const of = parameters();
      const optimizer = new AdamW(of, {
        learningRate: 0.1,
        ...entry.options,
        ...(entry.groups && { settingsOf }),
      });
      steps(optimizer, of, 0, 5);
      close(numbers(of.values()), entry.parameters);
      const state = optimizer.state();
      close(numbers([state.get("mean.a")!, state.get("mean.b")!]), entry.means);
      close(numbers([state.get("square.a")!, state.get("square.b")!]), entry.squares);
      optimizer.dispose();
    });
  });

  it("goes on from its saved state bit by bit, with groups that took different numbers of steps", () => {
    scope(() => {
      const [whole, parted] = [parameters(), parameters()];
      const first = new AdamW(whole, { learningRate: 0.1, settingsOf });
      steps(first, whole, 0, 5);
      const before = new AdamW(parted, { learningRate: 0.1, settingsOf });
      steps(before, parted, 0, 4);
      const saved = new Map([...before.state()].map(([name, value]) => [name, value.clone()]));
      expect(saved.get("steps")!.toArray()).toEqual([2, 4]);
      const after = new AdamW(parted, { learningRate: 0.1, settingsOf });
      after.loadState(saved);
      steps(after, parted, 4, 5);
      expect(numbers(parted.values())).toEqual(numbers(whole.values()));
      for (const optimizer of [first, before, after]) optimizer.dispose();
    });
  });

  it("refuses a state that is not its own, and impossible options, and changes nothing", () => {
    scope(() => {
      const of = parameters();
      const optimizer = new AdamW(of, { learningRate: 0.1 });
      expect(() => optimizer.loadState(new Map())).toThrow("The optimiser's state lacks mean.a.");
      expect(() => optimizer.step([])).toThrow("AdamW has 2 parameters and got 0 gradients.");
      optimizer.dispose();
      const make = (options: Partial<AdamWOptions>) => new AdamW(of, { learningRate: 0.1, ...options });
      expect(() => make({ beta1: 1 })).toThrow("AdamW's beta1 must be from 0 to below 1, got 1.");
      expect(() => make({ eps: 0 })).toThrow("AdamW's eps must be above 0, got 0.");
      expect(() => make({ learningRate: Number.NaN })).toThrow("learningRate must be at least 0, got NaN.");
      expect(() => make({ settingsOf: () => ({ rate: -1 }) })).toThrow(
        "The rate of the parameter a must be at least 0, got -1.",
      );
    });
  });

  it("leaves no tensor behind", () => {
    const of = parameters();
    const before = liveTensors();
    const optimizer = new AdamW(of, { learningRate: 0.1, settingsOf });
    steps(optimizer, of, 0, 3);
    optimizer.state();
    optimizer.dispose();
    expect(liveTensors()).toBe(before);
    for (const parameter of of.values()) parameter.dispose();
  });
});

it("SGD leaves frozen parameters and their momentum alone, and gives groups their own rate and decay", () => {
  scope(() => {
    const [grouped, apart] = [parameters(), parameters()];
    const a = new Map([["a", apart.get("a")!]]);
    const b = new Map([["b", apart.get("b")!]]);
    const one = new SGD(grouped, { learningRate: 0.1, momentum: 0.9, weightDecay: 0.05, settingsOf });
    const [ofA, ofB] = [
      new SGD(a, { learningRate: 0.1 * 0.1, momentum: 0.9 }),
      new SGD(b, { learningRate: 0.1, momentum: 0.9, weightDecay: 0.05 }),
    ];
    for (let epoch = 1; epoch <= 4; epoch++) {
      one.epoch = epoch;
      one.step(gradients(grouped));
      if (epoch > 2) ofA.step(gradients(a));
      ofB.step(gradients(b));
      if (epoch === 2) expect(one.state().get("momentum.a")!.toArray()).toEqual([0, 0]);
    }
    close(numbers(grouped.values()), numbers(apart.values()));
    for (const optimizer of [one, ofA, ofB]) optimizer.dispose();
  });
});
