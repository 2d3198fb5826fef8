// What the server and its page say to each other.
import type { CheckpointName } from "../evaluation/index.js";

export type RunState = "running" | "finished" | "stopped" | "failed" | "unreadable";

/** Accuracies, 0 to 1, of an evaluation between epochs. */
export interface EpochFigures {
  readonly epoch: number;
  readonly robust: number;
  readonly clean: number;
}

/** A run as a row of the table. */
export interface RunRow {
  /** Path within the runs folder. */
  readonly id: string;
  readonly name: string;
  /** Grows with every change of the row. */
  readonly version: number;
  readonly state: RunState;
  /** The last thing the run said, or why it ended. */
  readonly sentence: string | null;
  /** Epochs done. */
  readonly epoch: number;
  readonly epochs: number | null;
  /** Share of the next epoch that is done, 0 to 1. */
  readonly within: number;
  readonly secondsLeft: number | null;
  readonly imagesPerSecond: number | null;
  /** ISO 8601. */
  readonly started: string | null;
  readonly dataset: string | null;
  readonly synthetic: boolean;
  readonly best: EpochFigures | null;
  readonly last: EpochFigures | null;
  /** Robust accuracy over the tail's classes at the last evaluation. */
  readonly tail: number | null;
  readonly loss: number | null;
  /** Accuracies of stored evaluations by the attack's name; `clean` without one. */
  readonly measured: Readonly<Record<string, number>>;
  /** The same digest for runs that differ in seeds, name and device alone. */
  readonly experiment: string;
  /** The configuration by dotted path. */
  readonly settings: Readonly<Record<string, string>>;
  /** Optimiser steps done: what a live chart waits for. */
  readonly live: number;
}

/** A section of a run's page, as markup that the report's code made. */
export interface PageSection {
  readonly id: string;
  readonly title: string;
  readonly markup: string;
}

/** What is shown of one run, or of several side by side. */
export interface RunPage {
  readonly title: string;
  readonly sections: readonly PageSection[];
}

export type JobState = "waiting" | "running" | "done" | "failed" | "stopped";

/** A command that the page asked for. */
export interface Job {
  readonly id: number;
  readonly run: string;
  /** To be copied into a shell. */
  readonly command: string;
  readonly state: JobState;
  /** The last line that it wrote. */
  readonly line: string;
  /** All that it printed as its result, cut to what can be read. */
  readonly output: string;
}

/** What the page asks for: `eval` measures a checkpoint, `audit` looks for masked gradients, `images` saves examples. */
export interface JobRequest {
  readonly kind: "eval" | "audit" | "images";
  readonly run: string;
  readonly checkpoint: CheckpointName;
  readonly attack: string;
  readonly images: number;
}

/** What is drawn on the radius of an attack: an image as `data:` URL, and what the network says of it. */
export interface Answer {
  readonly image: string;
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
}

/** An image of the reader's, attacked. */
export interface Probed {
  readonly clean: Answer;
  readonly adversarial: Answer;
  /** The difference, grey where there is none, stretched to the whole range. */
  readonly difference: string;
  readonly epsilon: number;
}

/** Rows on their way: settings that all of them share are sent once. */
export interface SentRows {
  readonly shared: RunRow["settings"];
  readonly rows: readonly RunRow[];
}

/** Events of the stream, by name. */
export interface StreamEvents {
  readonly rows: SentRows;
  readonly gone: readonly string[];
  readonly jobs: readonly Job[];
  /** All runs have been read once. */
  readonly ready: {
    /** Folder of runs as the command line named it, and its whole path. */
    readonly folder: string;
    readonly path: string;
    readonly runs: number;
  };
}

/** Saved images of an attack, in sheets of pictures that are cut apart where they are shown. */
export interface Gallery {
  readonly attack: string;
  /** Of one picture, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Pictures in a row of each sheet. */
  readonly columns: number;
  /** Images in the file; the first of them are shown. */
  readonly total: number;
  /** `data:` URLs. */
  readonly sheets: { readonly clean: string; readonly difference: string; readonly adversarial: string };
  /** Names of all classes, from the one with most training images to the one with fewest. */
  readonly classes: readonly string[];
  /** A place for each picture, where its neighbours have like features (t-SNE); null where none was made. */
  readonly map: readonly (readonly [number, number])[] | null;
  readonly pictures: readonly {
    readonly label: string;
    readonly group: string;
    readonly clean: string;
    readonly adversarial: string;
  }[];
}
