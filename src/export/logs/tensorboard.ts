// Event files that TensorBoard shows, and that Weights & Biases and MLflow take in.
import { readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { cannotWrite, makeFolder } from "../../durable-file.js";
import { EventSchema } from "./event-schema.js";
import type { ClassHistogram, LogEntry } from "./log-entries.js";
import { RecordFile } from "./record-file.js";
import type { Summary_ValueSchema } from "./summary-schema.js";

type SummaryValue = MessageInitShape<typeof Summary_ValueSchema>;

/** A picture under a name. */
export interface LoggedImage {
  readonly tag: string;
  readonly png: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** Names of our own files among others in the folder. */
const ending = ".reat";

/** An event file in a folder, in place of the one that was there before. Hold it with `using`. */
export class TensorBoardFile implements Disposable {
  readonly #records: RecordFile;

  /**
   * @param time seconds since 1970 of the first event
   * @throws ReatError `disk`
   */
  constructor(folder: string, time: number) {
    makeFolder(folder);
    try {
      for (const name of readdirSync(folder)) {
        if (name.startsWith("events.out.tfevents.") && name.endsWith(ending)) rmSync(join(folder, name));
      }
    } catch (cause) {
      throw cannotWrite(folder, cause);
    }
    const host = hostname().replace(/[^\w.-]/g, "_") || "unknown";
    this.#records = new RecordFile(
      join(folder, `events.out.tfevents.${Math.floor(time)}.${host}.${process.pid}${ending}`),
    );
    this.#event(time, 0, {
      what: { case: "fileVersion", value: "brain.Event:2" },
      sourceMetadata: { writer: "reat" },
    });
  }

  get path(): string {
    return this.#records.path;
  }

  /** @param time seconds since 1970 */
  add({ step, scalars, histograms }: LogEntry, time: number): void {
    this.#summary(time, step, [
      ...scalars.map(([tag, value]): SummaryValue => ({ tag, value: { case: "simpleValue", value } })),
      ...histograms.map(histogramValue),
    ]);
  }

  addImages(step: number, images: readonly LoggedImage[], time: number): void {
    const value = images.map(
      ({ tag, png, height, width }): SummaryValue => ({
        tag,
        value: {
          case: "image",
          value: {
            ...{ height, width, colorspace: 3 },
            encodedImageString: png as Uint8Array<ArrayBuffer>,
          },
        },
      }),
    );
    this.#summary(time, step, value);
  }

  #summary(time: number, step: number, value: SummaryValue[]): void {
    if (value.length > 0) this.#event(time, step, { what: { case: "summary", value: { value } } });
  }

  #event(time: number, step: number, rest: Omit<MessageInitShape<typeof EventSchema>, "$typeName">): void {
    const event = create(EventSchema, { wallTime: time, step: BigInt(step), ...rest });
    this.#records.append(toBinary(EventSchema, event));
  }

  [Symbol.dispose](): void {
    this.#records[Symbol.dispose]();
  }
}

/** A bucket for each class, from its number less a half to its number and a half. */
function histogramValue({ tag, counts }: ClassHistogram): SummaryValue {
  const num = counts.reduce((sum, count) => sum + count, 0);
  const seen = counts.flatMap((count, id) => (count > 0 ? [id] : []));
  return {
    tag,
    value: {
      case: "histo",
      value: {
        min: seen[0] ?? 0,
        max: seen.at(-1) ?? 0,
        num,
        sum: counts.reduce((sum, count, id) => sum + count * id, 0),
        sumSquares: counts.reduce((sum, count, id) => sum + count * id * id, 0),
        // The first bucket begins at the limit before it, so that an empty one stands before class 0.
        bucketLimit: [-0.5, ...counts.map((_, id) => id + 0.5)],
        bucket: [0, ...counts],
      },
    },
  };
}
