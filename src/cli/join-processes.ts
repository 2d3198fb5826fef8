// Meets the processes that a launcher started beside this one.
import { ReatError } from "../errors.js";
import type { LaunchedProcess } from "../launched.js";
import { ProcessGroup } from "../tensor/index.js";

/** Seconds a process waits for the others, where the usual ten minutes are not wanted; and this machine's own address. */
const timeoutName = "REAT_PROCESS_TIMEOUT";
const addressName = "REAT_PROCESS_ADDRESS";

/** @throws ReatError `environment` where the others do not come, or a variable holds something impossible */
export async function joinProcesses(launched: LaunchedProcess): Promise<ProcessGroup> {
  const { rank, size, host, port } = launched;
  const seconds = process.env[timeoutName];
  const timeout = seconds ? Number(seconds) : undefined;
  if (timeout !== undefined && !(timeout > 0 && timeout <= 86_400)) {
    throw new ReatError(
      "environment",
      `${timeoutName} is "${seconds}"; accepted: seconds above 0 and up to 86400, or not set for 600.`,
    );
  }
  return ProcessGroup.open({
    rank,
    size,
    host,
    port,
    timeout,
    address: process.env[addressName] || undefined,
  });
}
