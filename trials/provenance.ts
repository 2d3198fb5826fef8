// What a record of a trial says of itself: the command, the commit, the machine.
import { totalmem } from "node:os";
import { currentEnvironment } from "reat/training";

/** The part that all records share. */
export interface Provenance {
  readonly command: string;
  /** ISO 8601. */
  readonly time: string;
  readonly commit: string | null;
  /** Whether the checkout differed from the commit. */
  readonly modified: boolean;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly node: string;
  readonly libtorch: string;
}

/** Of now and here. */
export function provenance(command: string): Provenance {
  const { revision, cpu, cores, node, libtorch } = currentEnvironment("cpu");
  return {
    ...{ command, time: new Date().toISOString() },
    ...{ commit: revision?.commit ?? null, modified: revision?.modified ?? false },
    ...{ cpu, cores, memoryBytes: totalmem(), node, libtorch },
  };
}
