// The queue of jobs: one runs, the others wait; each can be stopped, and each command copied.
import { useState } from "preact/hooks";
import type { Job } from "../src/server/messages.js";
import { hrefOf } from "./address.js";
import { ask, update, useStore } from "./store.js";

export function Jobs() {
  const jobs = useStore((state) => state.jobs);
  return (
    <>
      <h1>Jobs</h1>
      <p class="lead">One runs at a time, as a process of its own. They end when the server ends.</p>
      {jobs.length === 0 && (
        <p class="empty">None yet. A run’s page starts evaluations, audits and attacks.</p>
      )}
      <ul class="jobs">
        {[...jobs].reverse().map((job) => (
          <JobLine key={job.id} job={job} withRun />
        ))}
      </ul>
    </>
  );
}

export function JobLine({ job, withRun = false }: { job: Job; withRun?: boolean }) {
  const { id, run, command, state, line, output } = job;
  const ends = state === "running" || state === "waiting";
  const stop = () =>
    ask(`/api/jobs/${id}`, { method: "DELETE" }).catch((error: Error) => update({ problem: error.message }));
  return (
    <li class="job">
      <div class="job-head">
        <span class={`state ${state === "done" ? "finished" : state}`}>{state}</span>
        {withRun && <a href={hrefOf("run", [run])}>{run}</a>}
        <span class="sentence" role="status">
          {line}
        </span>
        {ends && (
          <button type="button" onClick={stop} aria-label={`stop job ${id}`}>
            Stop
          </button>
        )}
      </div>
      <Command text={command} />
      {output !== "" && (
        <details open={state === "done"}>
          <summary>Output</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keys */}
          <pre tabIndex={0}>{output}</pre>
        </details>
      )}
    </li>
  );
}

export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div class="command">
      <code>{text}</code>
      <button type="button" onClick={copy}>
        {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}
