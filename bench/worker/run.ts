// What a worker prepares: work that can be repeated.
import type { Values } from "../work.js";

/** One repetition of prepared work; what it returns is reported beside its duration. */
export type Run = () => Values | Promise<Values>;
