// Mutations that know no grammar: flipped bits, cuts, repeats, numbers at the edges.
import type { Random } from "../random.js";

const edges = [0, 1, 0x7f, 0x80, 0xff];

/** A mutated copy, and what was done. */
export function mutateBytes(bytes: Uint8Array, random: Random): { bytes: Buffer; what: string } {
  let result: Buffer = Buffer.from(bytes);
  const done: string[] = [];
  for (let round = random.between(1, 3); round > 0; round--) {
    const at = random.below(Math.max(1, result.length));
    switch (random.below(7)) {
      case 0:
        if (result.length > 0) result[at]! ^= 1 << random.below(8);
        done.push(`bit flipped at ${at}`);
        break;
      case 1:
        if (result.length > 0) result[at] = random.pick(edges);
        done.push(`edge value at ${at}`);
        break;
      case 2:
        result = result.subarray(0, at);
        done.push(`cut after ${at} bytes`);
        break;
      case 3: {
        const end = Math.min(result.length, at + random.between(1, 64));
        result = Buffer.concat([result.subarray(0, at), result.subarray(end)]);
        done.push(`bytes ${at} to ${end} left out`);
        break;
      }
      case 4: {
        const end = Math.min(result.length, at + random.between(1, 64));
        result = Buffer.concat([result.subarray(0, end), result.subarray(at)]);
        done.push(`bytes ${at} to ${end} twice`);
        break;
      }
      case 5:
        result = Buffer.concat([
          result.subarray(0, at),
          random.bytes(random.between(1, 16)),
          result.subarray(at),
        ]);
        done.push(`noise inserted at ${at}`);
        break;
      default: {
        const width = random.pick([2, 4, 8]);
        if (at + width <= result.length) {
          result.fill(random.pick([0x00, 0xff, 0x7f]), at, at + width);
          if (random.chance(0.5)) result[at + width - 1] = random.pick(edges);
        }
        done.push(`${width}-byte number at ${at}`);
      }
    }
  }
  return { bytes: result, what: done.join(", ") };
}
