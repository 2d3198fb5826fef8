// Reads Python's pickles without running any code in them.
export { ArrayConstructor, encodeLatin1, numpyVocabulary, type PickledArray } from "./numpy-arrays.js";
export { readPickle, readPickleAt } from "./pickle.js";
export {
  type PickleContext,
  type Pickled,
  PickledGlobal,
  PickledObject,
  type PickleVocabulary,
} from "./vocabulary.js";
