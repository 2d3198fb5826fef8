// Where the program starts.
import { watchReaders } from "./output.js";
import { run } from "./program.js";

watchReaders();
process.exitCode = await run(process.argv.slice(2));
