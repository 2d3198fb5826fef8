// Builds the attacks of an ensemble from its constants.
import { apgd } from "../apgd/index.js";
import type { Attack } from "../attack.js";
import { fab } from "../fab/index.js";
import type { BallName } from "../geometry/index.js";
import type { AttackObserver } from "../observer.js";
import { square } from "../square/index.js";
import type { EnsembleAttackName, EnsembleConstants } from "./constants.js";

/** What the constants leave open. */
export interface EnsembleSetting {
  readonly norm: BallName;
  readonly epsilon: number;
  /** Classes of the model, which "all" targets depends on. */
  readonly classes: number;
  readonly observer?: AttackObserver;
}

/** One attack of an ensemble. @throws ReatError `config` for a norm or radius it has not */
export function ensembleAttack(
  name: EnsembleAttackName,
  constants: EnsembleConstants,
  { norm, epsilon, classes, observer }: EnsembleSetting,
): Attack {
  const common = { name, norm, epsilon, observer };
  const wrongClasses = (targets: number | "all") => (targets === "all" ? classes - 1 : targets);
  const { targets: apgdTargets, restarts: targetRestarts } = constants.targetedApgd;
  const { targets: fabTargets, targetedRestarts, ...fabConstants } = constants.fab;
  switch (name) {
    case "apgd-ce":
      return apgd({ ...common, ...constants.apgd, objective: "ce" });
    case "apgd-dlr":
      return apgd({ ...common, ...constants.apgd, objective: "dlr" });
    case "apgd-t":
      return apgd({
        ...{ ...common, ...constants.apgd, objective: "targeted-dlr" },
        ...{ restarts: targetRestarts, targets: wrongClasses(apgdTargets) },
      });
    case "fab":
      return fab({ ...common, ...fabConstants });
    case "fab-t":
      return fab({
        ...{ ...common, ...fabConstants, targeted: true },
        ...{ restarts: targetedRestarts, targets: wrongClasses(fabTargets) },
      });
    case "square":
      return square({ ...common, ...constants.square });
  }
}
