// The export's public face: what was trained, in the forms that other programs read.
export {
  type CardFacts,
  modelCard,
  type RobustBenchRecord,
  type RunFacts,
  robustBenchRecord,
} from "./card/index.js";
export { type DemoFacts, demoPage } from "./demo/index.js";
export {
  type ClassifierDescription,
  describeAsJson,
  type LogitCorrection,
  parseDescription,
} from "./description.js";
export { type LogForm, type LoggedImage, logForms, type RunLogOptions, RunLogs } from "./logs/index.js";
export {
  type OnnxExport,
  type OnnxSession,
  type OnnxTensor,
  onnxFiles,
  onnxIr,
  onnxOpset,
  openOnnx,
} from "./onnx/index.js";
export { torchFile, torchModule } from "./pytorch/index.js";
export { safetensorsFile } from "./safetensors-file.js";
export { correctionOf, type ExportSubject } from "./subject.js";
