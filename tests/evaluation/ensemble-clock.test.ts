// Progress of AutoAttack in shares of its work: never backwards, whole at the end.
import { expect, it } from "vitest";
import { ensembleConstants } from "../../src/attacks/index.js";
import { EnsembleClock, workPerImage } from "../../src/evaluation/ensemble-clock.js";

const constants = ensembleConstants("standard", "linf");

it("counts the passes that an image which stands costs", () => {
  const work = constants.attacks.map((attack) => workPerImage(attack, constants, 10));
  expect(work).toEqual([300, 2700, 2700, 5000]);
  // Fewer wrong classes than targets.
  expect(workPerImage("fab-t", constants, 4)).toBe(900);
});

it("goes from nothing to all", () => {
  const clock = new EnsembleClock(constants, 10, 4);
  const state = { fingerprint: "", images: 4, clean: "1111", robust: "1111", finished: [], current: null };
  clock.at(state);
  expect(clock.progress()).toMatchObject({ done: 0, total: 1000, secondsLeft: null });
  clock.at({ ...state, current: { attack: "apgd-ce", done: 2, seconds: 1, unconfirmed: 0 } });
  const first = clock.progress();
  // 2 of 4 images of the first attack, of 10,700 passes an image.
  expect(first.done).toBe(Math.floor((1000 * 600) / (4 * 10_700)));
  expect(first.secondsLeft).toBeGreaterThan(0);
  clock.step({ attack: "apgd-ce", done: 50, total: 100, standing: 2 });
  expect(clock.progress().done).toBeGreaterThan(first.done);
  const outcome = { standing: 4, accuracy: 1, attacked: 4, seconds: 1, unconfirmed: 0, robust: "1111" };
  const finished = constants.attacks.map((attack) => ({ ...outcome, attack }));
  clock.at({ ...state, finished });
  expect(clock.progress()).toMatchObject({ done: 1000, secondsLeft: 0 });
});
