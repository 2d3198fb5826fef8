// Process groups on the device that REAT_TEST_DEVICE names: NCCL takes no two processes on one GPU, so a group of one makes every call.
import { expect, it } from "vitest";
import { Generator, ProcessGroup, rand, tensor } from "../../src/tensor/index.js";
import { freePort } from "../crew.js";
import { describeOnCuda, testDevice } from "../test-device.js";

const alone = async () =>
  ProcessGroup.open({ rank: 0, size: 1, host: "127.0.0.1", port: await freePort(), timeout: 60 });

describeOnCuda("a group of one process over NCCL", () => {
  it("adds, shares and collects tensors where they are, and shares those of the CPU too", async () => {
    expect(ProcessGroup.backends()).toContain("NCCL");
    await using group = await alone();
    expect(await group.carrierOf(testDevice)).toBe(testDevice);
    for (const device of [testDevice, "cpu"] as const) {
      const values = tensor([1, 2.5, -3], { device });
      await group.allReduce(values);
      await group.broadcast(values, 0);
      const all = await group.allGather(values);
      expect([all.device, all.shape, all.toArray()]).toEqual([device, [1, 3], [1, 2.5, -3]]);
    }
    // Many in turn, each made just before: an exchange must wait for what computes its values.
    const generator = new Generator(1, testDevice);
    for (let i = 1; i <= 50; i++) {
      const values = rand([1000, 1000], generator).mul(0).add(i);
      await group.allReduce(values);
      expect(values.sum().item()).toBe(1e6 * i);
    }
    await group.barrier();
  });

  it("refuses a tensor with gaps", async () => {
    await using group = await alone();
    await expect(
      group.allReduce(tensor([1, 2, 3, 4], { shape: [2, 2], device: testDevice }).transpose(0, 1)),
    ).rejects.toThrow(/must be contiguous and on the CPU or CUDA/);
  });
});
