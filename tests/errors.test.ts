// Messages hold what strangers' files are called and say; none of it may steer a terminal.
import { expect, it } from "vitest";
import { ReatError } from "../src/errors.js";

it("control characters in a message are written out", () => {
  const name = "ant\u001b[31m\u0007\r\u009b2J\u202e.png";
  const { message } = new ReatError("usage", `${name} is damaged.`);
  expect(message).toBe("ant\\u001b[31m\\u0007\\u000d\\u009b2J\\u202e.png is damaged.");
});

it("several problems of a configuration stay several lines, what a file says stays in its sentence", () => {
  expect(new ReatError("config", "two reasons:\n  a\n  b").message).toBe("two reasons:\n  a\n  b");
  expect(new ReatError("data", "it calls a\nb.").message).toBe("it calls a\\u000ab.");
});

it("a name of megabytes does not bury its sentence", () => {
  const { message } = new ReatError(
    "checkpoint",
    `w.safetensors has the dtype ${"x".repeat(1e6)}, and F32 is accepted.`,
  );
  expect(message.length).toBeLessThan(2000);
  expect(message).toMatch(/^w\.safetensors has the dtype x+ … x+, and F32 is accepted\.$/);
});
