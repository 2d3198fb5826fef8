// What UCX, a library that Debian 13's LibTorch brings along, is told before it is loaded.

/**
 * UCX_DEBUG_SIGNO: no signal switches its log on; by default it takes SIGHUP away from its process, so that a closed terminal would not stop a
 * training. UCX_MEM_EVENTS: it leaves the C library's memory functions alone. By default it rewrites them while it is loaded and tries them by moving the end of
 * the heap up and down; now and then that takes away what another thread has just been given there, and the process ends with SIGSEGV.
 */
const settings = { UCX_DEBUG_SIGNO: "0", UCX_MEM_EVENTS: "n" };

/** Sets them where the user has not decided. @param env the environment that LibTorch will be loaded in */
export function restrainUcx(env = process.env) {
  for (const [name, value] of Object.entries(settings)) env[name] ??= value;
  return env;
}
