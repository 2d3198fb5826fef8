// The packed file: one small JSON header, then the raw bytes of images and labels, checked by CRC-32.
import { z } from "zod";

/** First bytes of every packed file; the last two digits are the format's version. */
export const packedMagic = "REATPK01";
/** Those of a file whose images have sizes of their own, which earlier releases cannot read. */
export const packedMagicOfSizes = "REATPK02";

/** Data starts at a multiple of this, so that it can be read straight into place. */
export const alignment = 4096;

const part = z.object({
  offset: z.number().int().min(0),
  bytes: z.number().int().min(0),
  crc32: z.number().int().min(0),
});

const split = z.object({
  count: z.number().int().min(0),
  images: part,
  labels: part,
  /** Height and width of each image, 32 bits each, where they are larger than the header's. */
  sizes: part.optional(),
});

/** The JSON header. `source` says what the file was made from, so that a changed source is noticed. */
export const packedHeader = z.object({
  name: z.string(),
  synthetic: z.boolean(),
  classNames: z.array(z.string()),
  height: z.number().int().positive(),
  width: z.number().int().positive(),
  labelBytes: z.union([z.literal(1), z.literal(2)]),
  notes: z.array(z.string()),
  source: z.string(),
  fileBytes: z.number().int().positive(),
  train: split,
  test: split,
  /** Both are absent in files from before there were any. */
  validation: split.optional(),
  damaged: z.array(z.object({ path: z.string(), why: z.string() })).optional(),
});

/** What the head of a packed file says. */
export type PackedHeader = z.infer<typeof packedHeader>;
export type PackedPart = z.infer<typeof part>;
export type PackedSplit = z.infer<typeof split>;
