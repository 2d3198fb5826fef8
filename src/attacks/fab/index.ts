// The face of FAB, the fast adaptive boundary attack.
export { type FabOptions, fab } from "./fab.js";
