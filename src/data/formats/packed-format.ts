// reat's own packed files, as a form of data sets.
import { packedMagic, readPacked } from "../store/index.js";
import { defineFormat } from "./format.js";

/** A packed file, told by its first bytes. */
export const packedFormat = defineFormat<{ readonly form: "packed"; readonly path: string }>({
  form: "packed",
  accepted: "a packed file of reat",
  shaped: false,
  inFile: (path, head) =>
    head.toString("latin1", 0, packedMagic.length) === packedMagic
      ? { source: { form: "packed", path }, certain: true }
      : undefined,
  read: ({ path }) => readPacked(path),
  describe: () => "packed file of reat",
});
