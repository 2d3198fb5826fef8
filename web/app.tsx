// The frame of the page: where one is, what goes on, and the view itself.
import { useEffect } from "preact/hooks";
import { hrefOf, useAddress, type ViewName } from "./address.js";
import { Jobs } from "./jobs.js";
import { RunView } from "./run-view.js";
import { RunsTable } from "./runs-table.js";
import { update, useStore } from "./store.js";
import { Try } from "./try.js";

export function App() {
  const { view, runs } = useAddress();
  const folder = useStore((state) => state.folder);
  const path = useStore((state) => state.path);
  useEffect(() => {
    document.title = `${runs.length > 0 ? `${runs.join(", ")} · ` : ""}reat`;
  }, [runs.join()]);
  return (
    <>
      <button type="button" class="skip" onClick={toContent}>
        To the content
      </button>
      <header class="bar">
        <a class="brand" href={hrefOf("runs")}>
          reat
        </a>
        <nav aria-label="Views">
          <Tab view="runs" title="Runs" now={view} />
          <Compare now={view} />
          <Tab view="try" title="Try an image" now={view} />
          <JobsTab now={view} />
        </nav>
        <span class="folder" title={path}>
          {folder}
        </span>
      </header>
      <Notices />
      <main id="content" tabIndex={-1} class={view === "runs" ? "wide-view" : ""}>
        {view === "runs" && <RunsTable />}
        {(view === "run" || view === "compare") && <RunView ids={runs} key={runs.join("\n")} />}
        {view === "try" && <Try chosen={runs[0]} key={runs[0] ?? ""} />}
        {view === "jobs" && <Jobs />}
      </main>
    </>
  );
}

function toContent(): void {
  document.getElementById("content")!.focus();
}

function Tab({ view, title, now }: { view: ViewName; title: string; now: ViewName }) {
  return (
    <a href={hrefOf(view)} aria-current={view === now ? "page" : undefined}>
      {title}
    </a>
  );
}

function Compare({ now }: { now: ViewName }) {
  const chosen = useStore((state) => state.chosen);
  const ready = chosen.length > 1;
  return (
    <a
      href={ready ? hrefOf("compare", chosen) : undefined}
      aria-disabled={!ready}
      aria-current={now === "compare" ? "page" : undefined}
      title={ready ? chosen.join(", ") : "Mark two to eight runs in the table"}
    >
      Compare{chosen.length > 0 && <span class="count">{chosen.length}</span>}
    </a>
  );
}

function JobsTab({ now }: { now: ViewName }) {
  const active = useStore(
    ({ jobs }) => jobs.filter(({ state }) => state === "running" || state === "waiting").length,
  );
  return (
    <a href={hrefOf("jobs")} aria-current={now === "jobs" ? "page" : undefined}>
      Jobs{active > 0 && <span class="count">{active}</span>}
    </a>
  );
}

function Notices() {
  const connection = useStore((state) => state.connection);
  const problem = useStore((state) => state.problem);
  return (
    <div role="status" class="notices">
      {connection === "lost" && (
        <p class="notice">
          The server does not answer. What is shown is what it said last; it is asked again.
        </p>
      )}
      {connection === "refused" && (
        <p class="notice">
          The server refuses this page: it was started anew. Open the address that it printed.
        </p>
      )}
      {problem && (
        <p class="notice">
          {problem}{" "}
          <button type="button" class="plain" onClick={() => update({ problem: null })}>
            Dismiss
          </button>
        </p>
      )}
    </div>
  );
}
