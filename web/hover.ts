// The values under the pointer: of every line of a chart at the nearest place along its axis.

/** Watches the charts within an element. @returns a function that ends it */
export function followPointer(element: HTMLElement): () => void {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  element.append(tip);
  const leave = () => {
    tip.hidden = true;
    for (const lit of element.querySelectorAll(".lit")) lit.classList.remove("lit");
  };
  const move = (event: PointerEvent) => {
    const chart = (event.target as Element).closest<SVGSVGElement>("svg.chart");
    const hits = chart ? [...chart.querySelectorAll<SVGCircleElement>("circle.hit")] : [];
    leave();
    if (!chart || hits.length === 0) return;
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(chart.getScreenCTM()!.inverse());
    const nearest = hits.reduce((best, hit) =>
      Math.abs(hit.cx.baseVal.value - place.x) < Math.abs(best.cx.baseVal.value - place.x) ? hit : best,
    );
    const across = nearest.cx.baseVal.value;
    if (Math.abs(across - place.x) > 40) return;
    const there = hits.filter((hit) => Math.abs(hit.cx.baseVal.value - across) < 0.02);
    tip.replaceChildren(...there.slice(0, 12).map(line));
    for (const hit of there) hit.classList.add("lit");
    tip.hidden = false;
    const { width } = tip.getBoundingClientRect();
    const left = event.clientX + 16 + width > innerWidth ? event.clientX - width - 12 : event.clientX + 16;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${event.clientY + 14}px`;
  };
  element.addEventListener("pointermove", move);
  element.addEventListener("pointerleave", leave);
  return () => {
    element.removeEventListener("pointermove", move);
    element.removeEventListener("pointerleave", leave);
  };
}

function line(hit: SVGCircleElement): HTMLElement {
  const entry = document.createElement("div");
  const swatch = document.createElement("span");
  swatch.className = "swatch";
  swatch.style.background = getComputedStyle(hit.closest("g[style]")!).stroke;
  entry.append(swatch, hit.querySelector("title")?.textContent ?? "");
  return entry;
}
