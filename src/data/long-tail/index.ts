// The face of long-tailed subsets and the profiles they follow.
export {
  CLASS_GROUPS,
  type ClassGroup,
  classCounts,
  classGroups,
  groupBounds,
  PROFILES,
  type Profile,
  type ProfileOptions,
  type TailRule,
} from "./profiles.js";
export { drawSubset, type Subset, type SubsetOptions } from "./subset.js";
