// Types of publishable.mjs for its tests.

export function relativeLinks(markdown: string): string[];
export function obstacles(
  description: { readonly files: readonly string[]; readonly [field: string]: unknown },
  readme: string,
): string[];
