// Fills the generated blocks of a Markdown page; the prose around them is written by hand and stays.
//
// A block lies between the lines `<!-- generated: NAME -->` and `<!-- end of NAME -->`.

/** @param blocks the text of each block, by name; every one must be on the page, and no other */
export function fillBlocks(markdown, blocks) {
  const found = new Set();
  const page = markdown.replace(/^<!-- generated: (\S+) -->\n[\s\S]*?^<!-- end of \1 -->$/gm, (_, name) => {
    if (!blocks.has(name)) throw new Error(`there is nothing to put into the block "${name}"`);
    found.add(name);
    return `<!-- generated: ${name} -->\n${blocks.get(name).trim()}\n<!-- end of ${name} -->`;
  });
  const missing = [...blocks.keys()].filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`the page has no block for ${missing.join(", ")}`);
  return page;
}
