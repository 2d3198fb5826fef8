// Networks, their gradients and PGD's examples on the device that REAT_TEST_DEVICE names and on the CPU.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crossEntropyObjective, pgd } from "../../src/attacks/index.js";
import { buildModel, type ImageClassifier, type ModuleMode, setPrecision } from "../../src/nn/index.js";
import {
  crossEntropy,
  type Device,
  Generator,
  grad,
  keep,
  noGrad,
  rand,
  randint,
  scope,
  type Tensor,
} from "../../src/tensor/index.js";
import { describeOnDevice, onCuda, onTestDevice, testDevice } from "../test-device.js";
import { closeGradients, closeInFloat64, closeValues, expectNear, relativeDistance } from "./closeness.js";

/**
 * Share of the examples' pixels that may differ: the last digit decides on the sign of a gradient near zero. On the CPU alone
 * the modes eval, frozen and fast differ in up to 0.037 here; the reference numbers allow 0.08 as well.
 */
const differingPixels = 0.08;
const epsilon = 8 / 255;

function build(architecture: "small-resnet" | "resnet18"): ImageClassifier {
  return buildModel(architecture, { classes: 10, generator: new Generator(1) });
}

describeOnDevice("networks beside the CPU's", () => {
  describe.each(["small-resnet", "resnet18"] as const)("%s", (architecture) => {
    const count = 16;
    let cpu: ImageClassifier;
    let ours: ImageClassifier;
    let images: Tensor;
    let labels: Tensor;

    beforeAll(() => {
      const generator = new Generator(2);
      images = keep(rand([count, 3, 32, 32], generator));
      labels = keep(randint(0, 10, [count], generator));
      [cpu, ours] = [build(architecture), build(architecture)];
      // Running statistics of images that were seen, instead of 0 and 1.
      scope(() => noGrad(() => cpu.logits(images)));
      ours.loadStateDict(cpu.stateDict());
      onTestDevice(ours);
    });

    afterAll(() => {
      cpu.dispose();
      ours.dispose();
    });

    // In float64 next to no ReLU is near enough to its kink to open on one side alone.
    describe.each([
      ["float32", closeValues, closeGradients],
      ["float64", closeInFloat64, closeInFloat64],
    ] as const)("in %s", (dtype, values, gradients) => {
      const convert = (to: "float32" | "float64") => {
        for (const model of [cpu, ours]) model.to(to);
        // A training step moves the running statistics, each device by its own rounding.
        ours.loadStateDict(cpu.stateDict());
      };
      beforeAll(() => convert(dtype));
      afterAll(() => convert("float32"));

      it.each(["eval", "frozen", "fast", "batch"] satisfies ModuleMode[])(
        "logits and image gradients in mode %s",
        (mode) => {
          scope(() => {
            const evaluated = (model: ImageClassifier, device: Device) =>
              model.withMode(mode, () => {
                const point = images.to(dtype).clone().to(device).requiresGrad_();
                const logits = model.logits(point);
                return [logits, grad(crossEntropy(logits, labels.to(device)), [point])[0]] as const;
              });
            const [[logits, gradient], [cpuLogits, cpuGradient]] = [
              evaluated(ours, testDevice),
              evaluated(cpu, "cpu"),
            ];
            expectNear(logits, cpuLogits, values, "logits");
            expectNear(gradient, cpuGradient, gradients, "image gradient");
          });
        },
      );

      it("gradients of the weights and running statistics of a training step", () => {
        scope(() => {
          const names = [...cpu.namedParameters().keys()];
          const evaluated = (model: ImageClassifier, device: Device) => {
            model.setMode("train");
            const loss = crossEntropy(model.logits(images.to(dtype).to(device)), labels.to(device));
            return grad(loss, model.parameters());
          };
          const [found, expected] = [evaluated(ours, testDevice), evaluated(cpu, "cpu")];
          const errors = names.map((name, i) => [name, relativeDistance(found[i]!, expected[i]!)] as const);
          const worst = [...errors].sort((a, b) => b[1] - a[1])[0]!;
          expect(worst[1], worst[0]).toBeLessThanOrEqual(2 * gradients);
          for (const [name, buffer] of cpu.namedBuffers()) {
            expectNear(ours.namedBuffers().get(name)!, buffer, values, name);
          }
        });
      });
    });

    it("PGD's examples from the same noise", () => {
      scope(() => {
        const noise = rand(images.shape, new Generator(4))
          .mul(2 * epsilon)
          .sub(epsilon);
        const examples = (model: ImageClassifier, device: Device) => {
          const start = () => noise.clone().to(device);
          const attack = pgd({ norm: "linf", epsilon, stepSize: 2 / 255, steps: 10, start });
          const generator = new Generator(5, device);
          return model.withMode("fast", () =>
            attack.perturb(model, images.to(device), labels.to(device), generator),
          );
        };
        const [found, expected] = [examples(ours, testDevice).to("cpu"), examples(cpu, "cpu")];
        const distance = found.sub(images).abs().amax().item();
        expect(distance).toBeGreaterThan(0.9 * epsilon);
        expect(distance).toBeLessThanOrEqual(epsilon + 1e-6);
        const differing = found.sub(expected).abs().gt(1e-6).to("float32").mean().item();
        console.log(`${architecture}: ${(100 * differing).toFixed(3)} % of the examples' pixels differ`);
        expect(differing).toBeLessThanOrEqual(differingPixels);
        // Both judged by the CPU's network: as strong as the other.
        const [a, b] = cpu.withMode("eval", () =>
          noGrad(() =>
            [found, expected].map((point) => crossEntropyObjective(cpu.logits(point), labels).mean()),
          ),
        ) as [Tensor, Tensor];
        expect(Math.abs(a.item() - b.item()) / b.item()).toBeLessThan(1e-3);
      });
    });

    it.runIf(onCuda).each([
      ["tf32", 5e-3],
      ["bfloat16", 5e-2],
    ] as const)("logits in precision %s are less exact, and not by much", (precision, most) => {
      scope(() => {
        const logitsOf = (model: ImageClassifier, device: Device) =>
          model.withMode("frozen", () => noGrad(() => model.logits(images.to(device))));
        const exact = logitsOf(cpu, "cpu");
        using _precision = setPrecision(precision, testDevice);
        ours.layOutWeights("channelsLast");
        const off = relativeDistance(logitsOf(ours, testDevice), exact);
        ours.layOutWeights("contiguous");
        console.log(`${architecture}: logits in ${precision} are ${off} off`);
        expect(off).toBeGreaterThan(closeValues);
        expect(off).toBeLessThan(most);
      });
    });
  });
});
