// The face of Square Attack.
export { type SquareOptions, square } from "./square.js";
