// Collects tensors that differ in their number of rows from several processes.
import { cat, zeros } from "./creation.js";
import { keep, scope } from "./lifetime.js";
import type { ProcessTeam } from "./process-team.js";
import type { Tensor } from "./tensor.js";

/**
 * @param own rows [N, …] of this process, or null for none. Rows are of one shape and dtype in all processes
 * @returns each process's rows on the CPU, in the order of ranks, null where it has none; they belong to the caller
 * @throws ReatError `environment` where a process is lost
 */
export async function gatherRows(team: ProcessTeam, own: Tensor | null): Promise<(Tensor | null)[]> {
  const described = await team.exchange(
    own && own.shape[0]! > 0 ? { shape: own.shape, dtype: own.dtype } : null,
  );
  const like = described.find((each) => each !== null);
  if (!like) return described.map(() => null);
  const most = Math.max(...described.map((each) => each?.shape[0] ?? 0));
  using padded = scope(() => {
    const rows = own?.shape[0] ?? 0;
    const filling = zeros([most - rows, ...like.shape.slice(1)], { dtype: like.dtype });
    return keep(own && rows > 0 ? cat([own.detach().to("cpu"), filling]) : filling);
  });
  using all = await team.group.allGather(padded);
  return scope(() =>
    described.map((each, rank) => {
      if (each === null) return null;
      return keep(all.select(0, rank).slice(0, 0, each.shape[0]!).clone());
    }),
  );
}
