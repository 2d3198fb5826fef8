// What the loaded LibTorch says of itself, and whether it computes.
import { availableParallelism } from "node:os";
import { cudaRow, nvidiaDriver } from "./cuda.js";
import {
  blasRow,
  type ConvolutionSupport,
  convolutionsRow,
  mappedLibraries,
  mixtureRow,
} from "./libraries.js";
import { processesRow } from "./processes.js";
import type { DiagnosisRow } from "./row.js";

/** A product and its gradient with a known result: the least that training needs. */
function computes({ enableGrad, grad, scope, tensor }: typeof import("../tensor/index.js")): DiagnosisRow {
  const gradient = scope(() =>
    enableGrad(() => {
      const x = tensor([[1, 2]]).requiresGrad_();
      const product = x.matmul(tensor([[3], [4]]));
      const [gradientOfX] = grad([product], [x]);
      return gradientOfX?.toArray();
    }),
  );
  const text = JSON.stringify(gradient);
  const ok = text === "[3,4]";
  return {
    name: "Autograd",
    ok,
    detail: ok ? "computes a matrix product and its gradient" : `gave ${text} where [3,4] is right`,
  };
}

/** Rows on the loaded engine; loads the addon, which {@link addonRows} has shown to be safe. */
export async function engineRows(env: Readonly<Record<string, string | undefined>>): Promise<DiagnosisRow[]> {
  let tensor: typeof import("../tensor/index.js");
  let info: import("../tensor/index.js").SystemInfo;
  try {
    tensor = await import("../tensor/index.js");
    info = tensor.systemInfo();
  } catch (error) {
    return [{ name: "Engine", ok: false, detail: error instanceof Error ? error.message : String(error) }];
  }
  const rows: DiagnosisRow[] = [];
  try {
    rows.push(computes(tensor));
  } catch (error) {
    rows.push({
      name: "Autograd",
      ok: false,
      detail: error instanceof Error ? error.message : String(error),
    });
  }
  const libraries = mappedLibraries();
  const cores = availableParallelism();
  return [
    { name: "LibTorch", ok: true, detail: `${info.torchVersion}, C++11 ABI ${info.cxx11Abi ? "yes" : "no"}` },
    mixtureRow(libraries),
    ...rows,
    {
      name: "Threads",
      ok: info.threads >= cores ? true : null,
      detail: `${info.threads} for operators on ${cores} cores`,
    },
    blasRow(libraries, info.config),
    convolutionsRow(
      {
        tiles: tensor.callOperator("reat::tile_convolution_processor") as ConvolutionSupport["tiles"],
        blocks: tensor.callOperator("reat::blocked_convolution_available") === true,
      },
      libraries,
    ),
    {
      name: "CPU capability",
      ok: true,
      detail: /CPU capability usage: (\S+)/.exec(info.config)?.[1] ?? "not told by this LibTorch",
    },
    cudaRow({
      torchVersion: info.torchVersion,
      hasCuda: info.hasCuda,
      deviceCount: info.cudaDeviceCount,
      driver: nvidiaDriver(),
      visibleDevices: env.CUDA_VISIBLE_DEVICES,
      config: info.config,
    }),
    processesRow(tensor.ProcessGroup.backends(), info.hasCuda),
  ];
}
