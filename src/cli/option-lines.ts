// A key with its default, what it is for and what it accepts, in lines that fit any terminal.
import type { ConfigRow } from "../experiments/index.js";
import { styled } from "./terminal.js";

export function optionLines({ key, default: value, accepted, help, methods }: ConfigRow): string {
  return [
    `${styled("bold", key)} (default: ${value ?? "left out"})`,
    ...(help ? [`  ${help}`] : []),
    `  accepted: ${accepted}`,
    ...(methods ? [`  methods: ${methods.join(", ")}`] : []),
  ].join("\n");
}
