// What the launchers' variables are read as, and what of them is refused.
import { describe, expect, it } from "vitest";
import { isRestarted, launchedProcess } from "../src/launched.js";

const torchrun = {
  RANK: "1",
  WORLD_SIZE: "4",
  LOCAL_RANK: "1",
  MASTER_ADDR: "10.0.0.1",
  MASTER_PORT: "29400",
};
const slurm = {
  SLURM_PROCID: "3",
  SLURM_STEP_NUM_TASKS: "8",
  SLURM_LOCALID: "1",
  SLURM_JOB_ID: "1234",
  SLURM_STEP_NODELIST: "gpu[03-05,9],login",
};

describe("a process", () => {
  it("that no launcher started works alone, as does the only one of a launch", () => {
    expect(launchedProcess({})).toBeNull();
    expect(launchedProcess({ RANK: "0", WORLD_SIZE: "1" })).toBeNull();
    expect(launchedProcess({ SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "1" })).toBeNull();
    // Within an sbatch script, outside of srun.
    expect(launchedProcess({ SLURM_PROCID: "0", SLURM_NTASKS: "8" })).toBeNull();
  });

  it("of torchrun meets the others beside the agent's port", () => {
    const wanted = { rank: 1, size: 4, localRank: 1, host: "10.0.0.1", port: 29400, launcher: "torchrun" };
    expect(launchedProcess(torchrun)).toEqual(wanted);
    const agent = { ...torchrun, TORCHELASTIC_USE_AGENT_STORE: "True" };
    expect(launchedProcess(agent)).toEqual({ ...wanted, port: 29401 });
  });

  it("of Slurm meets them on the first machine, at a port of the job's own", () => {
    const wanted = { rank: 3, size: 8, localRank: 1, host: "gpu03", port: 29734, launcher: "slurm" };
    expect(launchedProcess(slurm)).toEqual(wanted);
    const hosts = { "login,gpu1": "login", n7: "n7", "a-[1-2]": "a-1" };
    for (const [list, host] of Object.entries(hosts))
      expect(launchedProcess({ ...slurm, SLURM_STEP_NODELIST: list })?.host).toBe(host);
    expect(launchedProcess({ ...slurm, MASTER_ADDR: "head", MASTER_PORT: "5000" })).toMatchObject({
      ...{ host: "head", port: 5000 },
    });
  });

  it("of Open MPI goes before the Slurm that started it", () => {
    const mpi = {
      ...slurm,
      ...{
        OMPI_COMM_WORLD_RANK: "1",
        OMPI_COMM_WORLD_SIZE: "2",
        OMPI_COMM_WORLD_LOCAL_RANK: "0",
        MASTER_ADDR: "head",
      },
    };
    expect(launchedProcess(mpi)).toMatchObject({
      rank: 1,
      size: 2,
      localRank: 0,
      port: 29500,
      launcher: "openmpi",
    });
  });

  it("knows whether it was started anew", () => {
    expect(isRestarted({})).toBe(false);
    expect(isRestarted({ TORCHELASTIC_RESTART_COUNT: "0" })).toBe(false);
    expect(isRestarted({ TORCHELASTIC_RESTART_COUNT: "2" })).toBe(true);
    expect(isRestarted({ SLURM_RESTART_COUNT: "1" })).toBe(true);
  });
});

describe("what is refused", () => {
  it.each<[Record<string, string>, string]>([
    [{ RANK: "4" }, 'RANK is "4"; accepted: a whole number from 0 to 3, as the launcher sets it.'],
    [{ RANK: "-1" }, 'RANK is "-1"; '],
    [{ RANK: "1e0" }, 'RANK is "1e0"; '],
    [{ WORLD_SIZE: "four" }, 'WORLD_SIZE is "four"; accepted: a whole number from 1 to 100000'],
    [{ LOCAL_RANK: "2" }, 'LOCAL_RANK is "2"; accepted: a whole number from 0 to 1'],
    [{ MASTER_PORT: "0" }, 'MASTER_PORT is "0"; accepted: a whole number from 1 to 65535'],
    [
      { MASTER_PORT: "65535", TORCHELASTIC_USE_AGENT_STORE: "True" },
      "MASTER_PORT is 65535, where torchrun's",
    ],
    [{ MASTER_ADDR: "" }, "MASTER_ADDR is not set, but this is process 1 of 4"],
    [{ MASTER_ADDR: "two words" }, "MASTER_ADDR is not set"],
    [{ WORLD_SIZE: "" }, "WORLD_SIZE is not set, but RANK is set; accepted: all of"],
    [{ RANK: "" }, "RANK is not set, but WORLD_SIZE is set; accepted: all of"],
  ])("%j", (wrong, message) => {
    expect(() => launchedProcess({ ...torchrun, ...wrong })).toThrow(message);
  });

  it("Slurm's list of machines where its first cannot be read", () => {
    expect(() => launchedProcess({ ...slurm, SLURM_STEP_NODELIST: "[3-4]" })).toThrow(
      'Slurm\'s list of machines is "[3-4]", whose first one cannot be read; accepted: MASTER_ADDR with its name.',
    );
  });
});
