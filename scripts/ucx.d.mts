// Types of ucx.mjs for the library, which is compiled apart from these scripts.
export function restrainUcx<Env extends Record<string, string | undefined>>(env?: Env): Env;
