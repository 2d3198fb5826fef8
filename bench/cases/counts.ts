// Class counts of the long-tailed sets that steps are timed on.
import { classCounts } from "reat/data";

/** Training images of each class at an unbalanced ratio of 50. */
export const counts10 = classCounts({
  profile: "exponential",
  classes: 10,
  maxPerClass: 5000,
  unbalancedRatio: 50,
});
export const counts100 = classCounts({
  profile: "exponential",
  classes: 100,
  maxPerClass: 500,
  unbalancedRatio: 50,
});
