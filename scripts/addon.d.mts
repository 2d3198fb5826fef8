// Types of addon.mjs for the tests, which are checked apart from these scripts.
export function removeForeignTree(tree: string, sources: string): void;
export function takeShared(key: string, target: string): boolean;
