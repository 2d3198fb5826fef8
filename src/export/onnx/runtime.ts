// Runs ONNX files with onnxruntime-web: WebAssembly, the same program in Node and in browsers.
import type * as Runtime from "onnxruntime-web";
import { ReatError } from "../../errors.js";

/** Elements in C order with their shape. */
export interface OnnxTensor {
  readonly data: Float32Array | BigInt64Array;
  readonly shape: readonly number[];
}

/** An ONNX file ready to be run. */
export interface OnnxSession {
  /** onnxruntime-web's version. */
  readonly version: string;
  run(inputs: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
  release(): Promise<void>;
}

async function runtime(): Promise<typeof Runtime> {
  try {
    return await import("onnxruntime-web");
  } catch (cause) {
    throw new ReatError(
      "environment",
      `onnxruntime-web is not installed, which compares an ONNX file with the run: npm install onnxruntime-web, or leave the comparison out with --no-parity.`,
      { cause },
    );
  }
}

/** @throws ReatError `environment` where onnxruntime-web is not installed, `numerics` where it refuses the file */
export async function openOnnx(file: Uint8Array): Promise<OnnxSession> {
  const { env, InferenceSession, Tensor } = await runtime();
  // One thread: the same sums in the same order each time.
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  const session = await InferenceSession.create(file, { executionProviders: ["wasm"] }).catch(
    (cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ReatError("numerics", `onnxruntime-web refuses the exported file: ${why}.`, { cause });
    },
  );
  return {
    version: env.versions.web ?? env.versions.common,
    async run(inputs) {
      const fed = Object.entries(inputs).map(([name, { data, shape }]) => [
        name,
        data instanceof Float32Array ? new Tensor("float32", data, shape) : new Tensor("int64", data, shape),
      ]);
      const results = await session.run(Object.fromEntries(fed));
      return Object.fromEntries(
        Object.entries(results).map(([name, { data, dims }]) => [
          name,
          { data: data as Float32Array, shape: dims },
        ]),
      );
    },
    release: () => session.release(),
  };
}
