// The face of ONNX export.
export { type OnnxExport, onnxFiles } from "./export.js";
export { encodeOnnx, ONNX_IR, ONNX_OPSET, type OnnxFile, type OnnxValue } from "./file.js";
export { type OnnxSession, type OnnxTensor, openOnnx } from "./runtime.js";
