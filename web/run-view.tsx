// One run, or several side by side: the report's sections, renewed while the runs go on.
import { useEffect, useState } from "preact/hooks";
import type { RunPage } from "../src/server/messages.js";
import { hrefOf } from "./address.js";
import { Fragment } from "./fragment.js";
import { Gallery } from "./gallery.js";
import { Measure } from "./measure.js";
import { RunState } from "./run-state.js";
import { ask, useStore } from "./store.js";

/** A page is asked for again at most so often. */
const pause = 1500;

export function RunView({ ids }: { ids: readonly string[] }) {
  const [page, setPage] = useState<RunPage | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const versions = useStore(({ rows }) => ids.map((id) => rows.get(id)?.version ?? "gone").join());
  const complete = useStore((state) => state.complete);
  const gone = useStore(({ rows }) => ids.filter((id) => !rows.has(id)).join("\n"));
  useEffect(() => {
    if (!complete && page === null && gone !== "") return undefined;
    let ended = false;
    const timer = setTimeout(
      async () => {
        try {
          const query = new URLSearchParams(ids.map((id) => ["run", id]));
          const fresh = await ask<RunPage>(`/api/page?${query}`);
          if (ended) return;
          setPage(fresh);
          setProblem(null);
        } catch (error) {
          if (!ended) setProblem((error as Error).message);
        }
      },
      page === null ? 0 : pause,
    );
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [versions, complete]);
  if (ids.length === 0) return <p class="empty">No run is chosen.</p>;
  const missing = complete && gone !== "" ? gone.split("\n") : [];
  return (
    <article class="run">
      {missing.length > 0 && (
        <p class="notice">
          {missing.join(", ")} {missing.length === 1 ? "is" : "are"} no longer in the folder.
          {page && " What is shown is what was there before."}
        </p>
      )}
      {problem && missing.length === 0 && <p class="notice">{problem}</p>}
      {ids.length === 1 && <RunState id={ids[0]!} />}
      {page && (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: on a narrow screen it scrolls sideways, with the keys too */}
          <nav class="contents" aria-label="Sections" tabIndex={0}>
            {page.sections.slice(1).map(({ id, title }) => (
              <button type="button" key={id} onClick={() => jump(id)}>
                {title}
              </button>
            ))}
            {ids.length === 1 && (
              <>
                <button type="button" onClick={() => jump("images")}>
                  Images
                </button>
                <button type="button" onClick={() => jump("measure")}>
                  Measure
                </button>
                <a href={hrefOf("try", ids)}>Try an image</a>
              </>
            )}
          </nav>
          {page.sections.map(({ id, markup }) => (
            <div class="part" key={id} id={`part-${id}`}>
              <Fragment markup={markup} />
            </div>
          ))}
          {ids.length === 1 && (
            <>
              <Gallery id={ids[0]!} />
              <Measure id={ids[0]!} />
            </>
          )}
        </>
      )}
      {!page && !problem && missing.length === 0 && <p class="empty">Reading…</p>}
    </article>
  );
}

/** The view is in the address already, so a place within it is not. */
function jump(id: string): void {
  const place = document.getElementById(id) ?? document.getElementById(`part-${id}`);
  place?.scrollIntoView({
    behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
  });
  place?.setAttribute("tabindex", "-1");
  place?.focus({ preventScroll: true });
}
