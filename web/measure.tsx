// Starts a measurement of a run: it joins the queue, and its command can be copied.
import { useState } from "preact/hooks";
import type { JobRequest } from "../src/server/messages.js";
import { JobLine } from "./jobs.js";
import { ask, useStore } from "./store.js";

const attacks = ["pgd-20", "pgd-100", "cw-20", "apgd-ce", "autoattack"];

const kinds: Readonly<Record<JobRequest["kind"], string>> = {
  eval: "robust accuracy under an attack",
  audit: "audit: are its gradients masked?",
  images: "adversarial images to look at",
};

export function Measure({ id }: { id: string }) {
  const [kind, setKind] = useState<JobRequest["kind"]>("eval");
  const [problem, setProblem] = useState<string | null>(null);
  const jobs = useStore((state) => state.jobs);
  const own = jobs.filter(({ run }) => run === id).slice(-5);
  const start = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const request: JobRequest = {
      ...{ kind, run: id, checkpoint: form.get("checkpoint") as "best" | "last" },
      ...{ attack: String(form.get("attack") ?? "pgd-20"), images: Number(form.get("images")) },
    };
    try {
      await ask("/api/jobs", { method: "POST", body: JSON.stringify(request) });
      setProblem(null);
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <section aria-labelledby="measure">
      <h2 id="measure">Measure</h2>
      <form class="tools" onSubmit={start}>
        <label>
          <span>What</span>
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value as JobRequest["kind"])}>
            {Object.entries(kinds).map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Checkpoint</span>
          <select name="checkpoint">
            <option>best</option>
            <option>last</option>
          </select>
        </label>
        {kind !== "audit" && (
          <label>
            <span>Attack</span>
            <select name="attack">
              {attacks.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        )}
        <label>
          <span>Test images</span>
          <input
            name="images"
            type="number"
            min="1"
            max="1000000"
            required
            key={kind}
            defaultValue={kind === "images" ? 200 : 1000}
          />
        </label>
        <button type="submit">Start</button>
      </form>
      {problem && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
      <ul class="jobs">
        {own.map((job) => (
          <JobLine key={job.id} job={job} />
        ))}
      </ul>
    </section>
  );
}
