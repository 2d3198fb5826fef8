// The device of one of several processes.
import { type Device, resolveDevice } from "../tensor/index.js";
import type { ExperimentConfig } from "./config/index.js";

/** Of the processes on one machine each takes a GPU of its own, unless one is named. @throws ReatError `device` where it is not there */
export function ownDevice(device: ExperimentConfig["device"], localRank = 0): Device {
  const first = resolveDevice(device);
  const mayChoose = device === "auto" || device === "cuda";
  return localRank > 0 && mayChoose && first !== "cpu" ? resolveDevice(`cuda:${localRank}`) : first;
}
