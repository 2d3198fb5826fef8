// The face of export for PyTorch.
export { torchFile, torchModule } from "./export.js";
