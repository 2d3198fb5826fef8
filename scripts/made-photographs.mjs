// Makes a set of pictures in the manner of photographs, for trying out own images: of unequal sizes, a long tail of classes, and among them
// files as they occur: turned by EXIF, grey, CMYK, of 16 bits, damaged. Drawn by this program; figures of them say nothing about photographs.
//   node scripts/made-photographs.mjs <folder> [images of the largest class, default 60]
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";

const [folder, largest = "60"] = process.argv.slice(2);
if (folder === undefined || !(Number(largest) >= 12)) {
  console.error("node scripts/made-photographs.mjs <folder> [images of the largest class, at least 12]");
  process.exit(2);
}
const classes = ["made-discs", "made-bars", "made-rings", "made-crosses"];
const shapes = [
  (x, y, r) => `<circle cx="${x}" cy="${y}" r="${r}"/>`,
  (x, y, r) => `<rect x="${x - r}" y="${y - r / 3}" width="${2 * r}" height="${(2 * r) / 3}"/>`,
  (x, y, r) => `<circle cx="${x}" cy="${y}" r="${r}" fill="none" stroke-width="${r / 3}"/>`,
  (x, y, r) =>
    `<path d="M${x - r} ${y - r}L${x + r} ${y + r}M${x + r} ${y - r}L${x - r} ${y + r}" fill="none" stroke-width="${r / 3}"/>`,
];

let state = 20_24;
const random = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};
const between = (low, high) => low + Math.floor(random() * (high - low + 1));

/** A shape on a ground of two colours with grain. */
function drawn(kind) {
  const [width, height] = [between(96, 180), between(96, 180)];
  const colour = () => `hsl(${between(0, 359)} ${between(20, 80)}% ${between(25, 75)}%)`;
  const [ground, other, own] = [colour(), colour(), colour()];
  const r = between(18, 36);
  const shape = shapes[kind](between(r, width - r), between(r, height - r), r);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><linearGradient id="g"><stop stop-color="${ground}"/><stop offset="1" stop-color="${other}"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/><g fill="${own}" stroke="${own}">${shape}</g></svg>`;
  return sharp(Buffer.from(svg)).flatten().removeAlpha();
}

for (const [kind, name] of classes.entries()) {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  const count = Math.max(8, Math.round(Number(largest) / 2 ** kind));
  for (let i = 0; i < count; i++) {
    const image = drawn(kind);
    const file = (ending) => join(place, `${String(i).padStart(4, "0")}${ending}`);
    if (i === 1)
      writeFileSync(file("-turned.jpg"), await image.withMetadata({ orientation: 6 }).jpeg().toBuffer());
    else if (i === 2) writeFileSync(file("-grey.jpg"), await image.toColourspace("b-w").jpeg().toBuffer());
    else if (i === 3) writeFileSync(file("-cmyk.jpg"), await image.toColourspace("cmyk").jpeg().toBuffer());
    else if (i === 4) writeFileSync(file("-16-bit.png"), await image.toColourspace("rgb16").png().toBuffer());
    else if (i === 5) writeFileSync(file("-cut-off.jpg"), (await image.jpeg().toBuffer()).subarray(0, 900));
    else writeFileSync(file(".jpg"), await image.jpeg({ quality: 90 }).toBuffer());
  }
}
console.log(`${folder}: made pictures of ${classes.join(", ")}`);
