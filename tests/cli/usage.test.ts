// Help, exit codes, and what is said about wrong usage.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ScratchFolder } from "./command-line.js";

let place: ScratchFolder;
beforeAll(() => {
  place = new ScratchFolder();
});
afterAll(() => place.dispose());

describe("wrong usage ends with 2 and one sentence on stderr", () => {
  it.each([
    [["trian"], "reat: unknown command 'trian'\n(Did you mean train?)"],
    [["train", "--epochs", "3"], "reat: unknown option '--epochs'"],
    [
      ["train"],
      'reat: "reat train" takes either a configuration or --resume with a run\'s folder; presets: ',
    ],
    [
      ["train", "quickstart-raet"],
      'reat: "quickstart-raet" is neither a configuration file nor a preset (did you mean',
    ],
    [
      ["train", "quickstart-reat", "--set", "training.epohcs=3"],
      'reat: quickstart-reat is not usable: training.epohcs is no key (did you mean "epochs"?)',
    ],
    [
      ["train", "quickstart-reat", "--set", "training.epochs=many"],
      'reat: quickstart-reat is not usable: training.epochs is "many"; accepted: a whole number of at least 1.',
    ],
    [["train", "--resume", "nowhere"], "reat: nowhere holds no run"],
    [
      ["eval", "nowhere"],
      "reat: There is no run or checkpoint nowhere; accepted is a folder such as runs/<name>.",
    ],
    [["methods", "taed"], 'reat: There is no method "taed" (did you mean "taet"?); accepted: pgd-at, reat,'],
    [["eval"], "reat: missing required argument 'run'"],
    [["eval", "x", "--images", "few"], "It takes a whole number of at least 1."],
    [["--threads", "0", "doctor"], "It takes a whole number of at least 1."],
    [["data", "show", "synthetic", "--profile", "steep"], "Allowed choices are exponential, linear, step,"],
    [["report", "x", "-o", "page.pdf"], "It takes a file that ends in .html."],
  ])("reat %j", async (args, message) => {
    const { code, stdout, stderr } = await place.call(args);
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

describe("the process itself", () => {
  it.each([
    [["eval", "nowhere"], 2],
    [["trian"], 2],
    [["data", "show", "nowhere.tar"], 1],
    [["methods", "trades"], 0],
  ])("ends and prints as the same call in this one: reat %j", async (args, code) => {
    const ended = await place.reat(args);
    expect(ended.code).toBe(code);
    expect(ended).toEqual(await place.call(args));
  });
});

describe("reat methods", () => {
  it("lists every method, shows one with its options, and prints JSON", async () => {
    const listed = await place.call(["methods"]);
    expect(listed.code).toBe(0);
    expect(listed.stdout).toMatch(/^method +what it trains on +paper +presets$/m);
    for (const name of ["pgd-at", "reat", "robal", "taet"]) {
      expect(listed.stdout).toMatch(new RegExp(`^${name} `, "m"));
    }
    const one = await place.call(["methods", "trades"]);
    expect(one.stdout).toMatch(
      /^method\.beta \(default: 6\)\n {2}weight β of the divergence\n {2}accepted: a number or a fraction/m,
    );
    expect(one.stdout).toMatch(/^method\.classBudget \(default: left out\)$/m);
    expect(one.stdout).toContain("preset released-trades");
    const json = JSON.parse((await place.call(["methods", "reat", "--json"])).stdout);
    expect(json.options).toContainEqual({
      key: "tail.form",
      default: "reference",
      accepted: "reference, paper",
      help: "reference is what the authors' code computes, paper what the text describes",
    });
  });
});

describe("reat attacks and reat config", () => {
  it("list what there is, and show one", async () => {
    const attacks = await place.call(["attacks"]);
    expect(attacks.stdout).toMatch(/^pgd-<steps> +projected gradient ascent .* linf, l2$/m);
    const one = await place.call(["attacks", "pgd-7"]);
    expect(one.stdout).toMatch(/^stepSize +2\/255 \(linf\), 0\.2 \(l2\) +--step-size /m);
    const keys = await place.call(["config"]);
    expect(keys.stdout).toMatch(/^training\.epochs +80 +passes over the training images$/m);
    const key = await place.call(["config", "training.select"]);
    expect(key.stdout).toContain("accepted: test, validation, last");
    const wrong = await place.call(["config", "training.slect"]);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('mean "training.select"?') });
  });
});

describe("failed work ends with 1", () => {
  it("data that is not there", async () => {
    const { code, stderr } = await place.call(["data", "show", "nowhere.tar"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^reat: There is no file or folder nowhere\.tar; accepted are CIFAR-10/);
  });

  it("shows the stack with --debug only", async () => {
    const { stderr } = await place.call(["data", "show", "nowhere.tar", "--debug"]);
    expect(stderr).toMatch(/^ +at /m);
  });

  it("a report of a folder that is no run", async () => {
    mkdirSync(place.path("empty"), { recursive: true });
    const { code, stderr } = await place.call(["report", "empty"]);
    expect(code).toBe(1);
    expect(stderr).toContain("empty is no run folder");
  });
});

describe("help", () => {
  it.each([
    ["quickstart"],
    ["train"],
    ["eval"],
    ["audit"],
    ["report"],
    ["data", "show"],
    ["data", "verify"],
    ["doctor"],
  ])("reat %s %s has examples", async (...command) => {
    const { code, stdout, stderr } = await place.call([...command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Usage: reat ${command.join(" ")}`);
    expect(stdout).toMatch(/Examples?:\n {2}reat /);
    expect(stdout).toContain("--debug");
  });

  it("names the exit codes and every command", async () => {
    const { code, stdout } = await place.call(["--help"]);
    expect(code).toBe(0);
    for (const text of [
      "130",
      "2 wrong usage",
      "quickstart",
      "train",
      "eval",
      "report",
      "data",
      "doctor",
      "setup",
    ]) {
      expect(stdout).toContain(text);
    }
  });
});

describe("reat data", () => {
  it("shows a subset as a table, a picture and JSON", async () => {
    const shown = await place.call([
      "data",
      "show",
      "tiny.reatpack",
      "--imbalance",
      "4",
      "--sheet",
      "sheet.png",
      "--picture",
      "picture.svg",
    ]);
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain(
      "synthetic (synthetic images): 10 classes, 32×32, 240 training and 60 test images",
    );
    expect(shown.stdout).toMatch(/^ 0 {2}disc +24 +24 +6 {2}head$/m);
    expect(shown.stdout).toMatch(/^ 9 {2}vertical-bars +24 +6 +6 {2}tail$/m);
    expect(shown.stderr).toContain("The picture is picture.svg.\nThe sheet is sheet.png.");
    const svg = readFileSync(place.path("picture.svg"), "utf8");
    expect(svg).toContain("vertical-bars: 6 of 24 training images, 6 test images, tail");
    const alone = await place.call(["data", "show", "tiny.reatpack", "--scale", "log"]);
    expect([alone.code, alone.stdout]).toEqual([2, ""]);
    expect(alone.stderr).toContain("--scale is the scale of a picture's bars: it goes with --picture");
    const json = await place.call(["data", "show", "tiny.reatpack", "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      name: "synthetic",
      trainImages: 240,
      unbalancedRatio: 1,
    });
  });

  it("verifies", async () => {
    const packed = await place.call(["data", "verify", "tiny.reatpack"]);
    expect(packed).toEqual({ code: 0, stdout: "✓ tiny.reatpack: its own checksums hold\n", stderr: "" });
    writeFileSync(place.path("cifar-10-binary.tar.gz"), "not an archive");
    const wrong = await place.call(["data", "verify", "cifar-10-binary.tar.gz"]);
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(
      /^✗ cifar-10-binary\.tar\.gz: [0-9a-f]{32}, but published is [0-9a-f]{32}\n$/,
    );
  });
});

it("reat train --dry-run prints the resolved configuration and trains nothing", async () => {
  const args = ["train", "own-images-reat", "--data", "photos", "--dry-run", "--threads", "1"];
  const { code, stdout, stderr } = await place.call(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(parse(stdout)).toMatchObject({
    name: "photos-small-resnet-reat",
    data: { source: "photos" },
    threads: 1,
  });
});
