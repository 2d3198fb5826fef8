// Attacked images as points, near one another where the network sees them alike; the one under the pointer is shown.
import { useMemo, useState } from "preact/hooks";
import type { Gallery } from "../src/server/messages.js";
import { Cut } from "./cut.js";

const [width, height, margin] = [900, 560, 16];
/** Further from any point than this, in units of the drawing, the pointer means none. */
const reach = 24;
/** Colours that the style sheet has from the largest class to the smallest. */
const classSteps = 64;

type Colouring = "label" | "group" | "prediction" | "fate";

interface Place {
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

/** Both axes get the same scale, since only distances mean something. */
function placesOf(map: NonNullable<Gallery["map"]>): Place[] {
  const [xs, ys] = [map.map(([x]) => x), map.map(([, y]) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const scale = Math.min(
    (width - 2 * margin) / Math.max(right - left, 1e-9),
    (height - 2 * margin) / Math.max(high - low, 1e-9),
  );
  return map.map(([x, y], index) => ({
    index,
    x: width / 2 + (x - (left + right) / 2) * scale,
    y: height / 2 - (y - (low + high) / 2) * scale,
  }));
}

function said({ label, clean, adversarial }: Gallery["pictures"][number]): string {
  return `${label}: ${clean} → ${adversarial}`;
}

export function FeatureMap(props: {
  saved: Gallery;
  map: NonNullable<Gallery["map"]>;
  shown: ReadonlySet<number>;
}) {
  const { saved, map, shown } = props;
  const [by, setBy] = useState<Colouring>("label");
  const [at, setAt] = useState<number | null>(null);
  const places = useMemo(() => placesOf(map), [map]);
  const order = useMemo(
    () => places.filter(({ index }) => shown.has(index)).sort((a, b) => a.x - b.x),
    [places, shown],
  );
  const ofClass = (name: string) => {
    const rank = saved.classes.indexOf(name);
    const along = saved.classes.length < 2 ? 0 : Math.max(rank, 0) / (saved.classes.length - 1);
    return `var(--class-${Math.round(along * (classSteps - 1))})`;
  };
  const groups = useMemo(() => [...new Set(saved.pictures.map(({ group }) => group))], [saved]);
  const ofGroup = (name: string) => `var(--run-${groups.indexOf(name)})`;
  const colour = ({ label, group, clean, adversarial }: Gallery["pictures"][number]) => {
    if (by === "label") return ofClass(label);
    if (by === "group") return ofGroup(group);
    if (by === "prediction") return ofClass(adversarial);
    return `var(--run-${clean !== label ? 6 : adversarial === label ? 2 : 0})`;
  };
  const legend =
    by === "fate"
      ? [
          ["standing", "var(--run-2)"],
          ["fallen", "var(--run-0)"],
          ["wrong", "var(--run-6)"],
        ]
      : by === "group"
        ? groups.map((name) => [name, ofGroup(name)])
        : saved.classes.length <= 20
          ? saved.classes.map((name) => [name, ofClass(name)])
          : [
              [`${saved.classes[0]} (most images)`, "var(--class-0)"],
              [`${saved.classes.at(-1)} (fewest)`, `var(--class-${classSteps - 1})`],
            ];
  const point = (event: PointerEvent) => {
    const drawing = event.currentTarget as SVGSVGElement;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(
      drawing.getScreenCTM()!.inverse(),
    );
    let [nearest, least]: [number | null, number] = [null, reach ** 2];
    for (const place of order) {
      const distance = (place.x - x) ** 2 + (place.y - y) ** 2;
      if (distance < least) [nearest, least] = [place.index, distance];
    }
    setAt(nearest);
  };
  const step = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (by === undefined || order.length === 0) return;
    event.preventDefault();
    const now = order.findIndex(({ index }) => index === at);
    setAt(order[now < 0 ? (by > 0 ? 0 : order.length - 1) : (now + by + order.length) % order.length]!.index);
  };
  const held = at !== null && shown.has(at) ? { place: places[at]!, picture: saved.pictures[at]! } : null;
  return (
    <figure class="feature-map">
      <div class="tools">
        <label>
          <span>Colour by</span>
          <select value={by} onChange={(event) => setBy(event.currentTarget.value as Colouring)}>
            <option value="label">class</option>
            <option value="group">group</option>
            <option value="prediction">class it is taken for</option>
            <option value="fate">fate</option>
          </select>
        </label>
        <ul class="legend">
          {legend.map(([name, fill]) => (
            <li key={name}>
              <span class="swatch" style={{ background: fill }} />
              {name}
            </li>
          ))}
        </ul>
      </div>
      <div
        class="plane"
        role="slider"
        aria-label={`Map of ${order.length} attacked images by their features; the arrow keys walk from left to right`}
        aria-valuemin={0}
        aria-valuemax={order.length}
        aria-valuenow={1 + order.findIndex(({ index }) => index === at)}
        aria-valuetext={held ? said(held.picture) : "no image"}
        tabIndex={0}
        onKeyDown={step}
      >
        <svg
          viewBox={`0 0 ${width} ${height}`}
          aria-hidden="true"
          onPointerMove={point}
          onPointerDown={point}
          onPointerLeave={() => setAt(null)}
        >
          {places.map(({ index, x, y }) => (
            <circle
              key={index}
              cx={x.toFixed(1)}
              cy={y.toFixed(1)}
              r={index === at ? 7 : 4}
              class={shown.has(index) ? "point" : "point out"}
              style={{ fill: colour(saved.pictures[index]!) }}
            />
          ))}
        </svg>
        {held && (
          <div
            class={held.place.x > width / 2 ? "held left" : "held"}
            style={{ left: `${(held.place.x / width) * 100}%`, top: `${(held.place.y / height) * 100}%` }}
          >
            <div class="trio">
              <Cut saved={saved} which="clean" index={held.place.index} />
              <Cut saved={saved} which="adversarial" index={held.place.index} />
            </div>
          </div>
        )}
      </div>
      <figcaption class="explain">
        {held
          ? said(held.picture)
          : "Attacked images by the features of the last layer (t-SNE): neighbours look alike to the network; distances between far groups mean little."}
      </figcaption>
    </figure>
  );
}
