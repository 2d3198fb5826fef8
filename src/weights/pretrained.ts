// Weights to begin a training with: a network of other classes gives all but its last layer.
import { ReatError } from "../errors.js";
import type { ImageClassifier } from "../nn/index.js";
import { cat, operator, scope } from "../tensor/index.js";
import { restoreTensor, type StoredTensor, storeTensor } from "../training/index.js";
import { type StoredState, translate } from "./layouts.js";
import type { Normalisation } from "./normalised-input.js";
import { loadState, type WeightsFile } from "./weights-file.js";
import { normaliserNote, sameNormaliser, writtenNormaliser } from "./wrapped-normaliser.js";

const resample = operator("_upsample_bicubic2d_aa");

/**
 * Overwrites a network's weights with those of a file, renamed where that is needed. A last layer of another shape is left out, and the
 * network keeps its own; positions of a vision transformer are resampled for images of another size.
 * @param normalisation what the network's images are normalised by in the training to come
 * @returns what was done, a sentence each
 * @throws ReatError `checkpoint` naming tensors that are missing, unknown or of another shape, `config` where the file brings another normalisation
 */
export function loadPretrained(
  weights: WeightsFile,
  network: ImageClassifier,
  normalisation: Normalisation | null,
): readonly string[] {
  const own = network.stateDict();
  const { state, origins, notes, normaliser } = translate(weights.state, new Set(own.keys()));
  const said = [...notes];
  if (normaliser) {
    if (!normalisation || !sameNormaliser(normaliser, normalisation)) {
      const { mean, std } = writtenNormaliser(normaliser);
      throw new ReatError(
        "config",
        `The network in ${weights.file} normalises its images by mean ${mean} and std ${std}, and the training would normalise them otherwise; accepted: model.normalise={mean: [${mean}], std: [${std}]}.`,
      );
    }
    said.push(normaliserNote(normaliser, normalisation));
  } else if (!normalisation) {
    said.push(
      "Images reach the network as they are, in [0, 1]: if its weights were trained on normalised images, set model.normalise (such as imagenet).",
    );
  }
  const positions = withPositions(state, network);
  const head = withHead(positions.state, network);
  loadState(weights, { state: head.state, origins }, network);
  return [...said, ...positions.notes, ...head.notes];
}

interface Adapted {
  readonly state: StoredState;
  readonly notes: readonly string[];
}

/** With the network's own last layer, where that of the state has another shape. */
function withHead(state: StoredState, network: ImageClassifier): Adapted {
  const prefix = `${network.headName}.`;
  const isHead = (name: string) => name.startsWith(prefix);
  const own = [...network.stateDict()].filter(([name]) => isHead(name));
  const theirs = [...state].filter(([name]) => isHead(name));
  const fits =
    own.length === theirs.length &&
    own.every(([name, { shape }]) => String(state.get(name)?.shape) === String(shape));
  const classes = network.classes;
  if (fits) return { state, notes: [`The last layer is the file's, as it too has ${classes} classes.`] };
  const outputs = theirs.find(([name]) => name.endsWith("weight"))?.[1].shape[0];
  const what =
    outputs === undefined
      ? "There is no last layer in the file"
      : `Its last layer of ${outputs} classes was left out`;
  const rest = [...state].filter(([name]) => !isHead(name));
  const fresh = own.map(([name, value]) => [name, storeTensor(value)] as const);
  return { state: new Map([...rest, ...fresh]), notes: [`${what}: a new one of ${classes} begins.`] };
}

const positionName = "pos_embed";

/** Position vectors for another number of patches, by bicubic interpolation with antialiasing, as timm resamples them. */
function withPositions(state: StoredState, network: ImageClassifier): Adapted {
  const own = network.stateDict().get(positionName);
  const given = state.get(positionName);
  const plain = { state, notes: [] };
  if (!own || !given || given.shape.length !== 3 || given.shape[2] !== own.shape[2]) return plain;
  const [from, to] = [given.shape[1]! - 1, own.shape[1]! - 1];
  const [side, wanted] = [Math.sqrt(from), Math.sqrt(to)];
  if (from === to || !Number.isInteger(side) || !Number.isInteger(wanted)) return plain;
  const resampled = scope((): StoredTensor => {
    const all = restoreTensor(given).to("float32");
    const grid = all
      .slice(1, 1, from + 1)
      .reshape([1, side, side, own.shape[2]!])
      .permute([0, 3, 1, 2]);
    const scaled = resample(grid, [wanted, wanted], false)
      .permute([0, 2, 3, 1])
      .reshape([1, to, own.shape[2]!]);
    return storeTensor(cat([all.slice(1, 0, 1), scaled], 1));
  });
  return {
    state: new Map([...state, [positionName, resampled]]),
    notes: [`Its positions of ${side}×${side} patches were resampled to ${wanted}×${wanted}.`],
  };
}
