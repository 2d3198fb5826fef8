// The face of long-tailed subsets and the profiles they follow.
export {
  type ClassGroup,
  classCounts,
  classGroupNames,
  classGroups,
  groupBounds,
  type Profile,
  type ProfileOptions,
  profileNames,
  type TailRule,
} from "./profiles.js";
export { drawSubset, type Subset, type SubsetOptions } from "./subset.js";
