// Types of generated-blocks.mjs for the tests.
/** @param blocks the text of each block, by name; every one must be on the page, and no other */
export function fillBlocks(markdown: string, blocks: ReadonlyMap<string, string>): string;
