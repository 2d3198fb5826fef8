// One picture, cut out of the sheet of all.
import type { Gallery } from "../src/server/messages.js";

/** Pictures are enlarged to about this many pixels. */
const side = 72;

export function Cut(props: { saved: Gallery; which: keyof Gallery["sheets"]; index: number }) {
  const { saved, which, index } = props;
  const { columns, width, height, pictures } = saved;
  const scale = side / Math.max(width, height);
  const rows = Math.ceil(pictures.length / columns);
  const style = {
    width: `${width * scale}px`,
    height: `${height * scale}px`,
    backgroundImage: `url(${saved.sheets[which]})`,
    backgroundSize: `${columns * width * scale}px ${rows * height * scale}px`,
    backgroundPosition: `${-(index % columns) * width * scale}px ${-Math.floor(index / columns) * height * scale}px`,
  };
  return <div class="cut" role="img" aria-label={`${which} image ${index}`} style={style} />;
}
