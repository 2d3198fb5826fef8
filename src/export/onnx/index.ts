// The face of ONNX export.
export { type OnnxExport, onnxFiles } from "./export.js";
export { encodeOnnx, type OnnxFile, type OnnxValue, onnxIr, onnxOpset } from "./file.js";
export { type OnnxSession, type OnnxTensor, openOnnx } from "./runtime.js";
