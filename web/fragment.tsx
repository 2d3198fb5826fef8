// Shows markup that the report's code made: it is replaced only where it changed, and what the reader unfolded stays so.
import { useLayoutEffect, useRef } from "preact/hooks";
import { followPointer } from "./hover.js";

export function Fragment({ markup }: { markup: string }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current!;
    const open = [...element.querySelectorAll("details")].map((one) => one.open);
    const scrolled = [...element.querySelectorAll(".scroll, .wide")].map((one) => one.scrollLeft);
    // The server escapes every text of a run, and the page's policy runs no script that stands in markup.
    element.innerHTML = markup;
    element.querySelectorAll("details").forEach((one, i) => {
      one.open = open[i] ?? false;
    });
    element.querySelectorAll(".scroll, .wide").forEach((one, i) => {
      one.scrollLeft = scrolled[i] ?? 0;
      one.setAttribute("tabindex", "0");
      one.setAttribute("role", "group");
      one.setAttribute("aria-label", "scrolls sideways");
    });
    return followPointer(element);
  }, [markup]);
  return <div ref={box} />;
}
