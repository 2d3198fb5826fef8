// An image of the reader's own: classified, and attacked within a radius that a slider sets.
import { useEffect, useRef, useState } from "preact/hooks";
import { percent } from "../src/report/numbers.js";
import type { Answer, Probed } from "../src/server/messages.js";
import { Command } from "./jobs.js";
import { ask, useStore } from "./store.js";

/** Levels of 255 for ℓ∞, hundredths for ℓ2. */
const reach = { linf: 32, l2: 300 } as const;

export function Try({ chosen }: { chosen: string | undefined }) {
  const rows = useStore((state) => state.rows);
  const [run, setRun] = useState(chosen ?? "");
  const [checkpoint, setCheckpoint] = useState("best");
  const [norm, setNorm] = useState<"linf" | "l2">("linf");
  const [level, setLevel] = useState(8);
  const [file, setFile] = useState<File | null>(null);
  // An answer stays with the radius that was asked for, while the slider moves on.
  const [probed, setProbed] = useState<(Probed & { readonly within: string }) | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const id = run || [...rows.keys()][0] || "";
  const epsilon = norm === "linf" ? `${level}/255` : String(level / 100);
  const asked = useRef(0);
  useEffect(() => {
    if (!file || id === "") return undefined;
    const turn = ++asked.current;
    setBusy(true);
    const timer = setTimeout(async () => {
      try {
        const query = new URLSearchParams({ run: id, checkpoint, norm, epsilon });
        const answer = await ask<Probed>(`/api/probe?${query}`, { method: "POST", body: file });
        if (turn !== asked.current) return;
        setProbed({ ...answer, within: epsilon });
        setProblem(null);
      } catch (error) {
        if (turn === asked.current) setProblem((error as Error).message);
      }
      if (turn === asked.current) setBusy(false);
    }, 150);
    return () => clearTimeout(timer);
  }, [file, id, checkpoint, epsilon]);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    const [first] = event.dataTransfer?.files ?? [];
    if (first) setFile(first);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files are chosen by the button too
    <div onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <h1>Try an image</h1>
      <p class="lead">
        PGD with 20 steps looks for a perturbation within ε that changes the answer. A stronger attack may
        need less.
      </p>
      <div class="tools">
        <label>
          <span>Run</span>
          <select value={id} onChange={(event) => setRun(event.currentTarget.value)}>
            {[...rows.values()].map((row) => (
              <option key={row.id} value={row.id}>
                {row.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Checkpoint</span>
          <select value={checkpoint} onChange={(event) => setCheckpoint(event.currentTarget.value)}>
            <option>best</option>
            <option>last</option>
          </select>
        </label>
        <label>
          <span>Norm</span>
          <select
            value={norm}
            onChange={(event) => {
              const next = event.currentTarget.value as "linf" | "l2";
              setNorm(next);
              setLevel(next === "linf" ? 8 : 50);
            }}
          >
            <option value="linf">ℓ∞</option>
            <option value="l2">ℓ2</option>
          </select>
        </label>
        <label class="slider">
          <span>
            ε = <output>{epsilon}</output>
          </span>
          <input
            type="range"
            min="0"
            max={reach[norm]}
            value={level}
            aria-label="epsilon"
            aria-valuetext={epsilon}
            onInput={(event) => setLevel(Number(event.currentTarget.value))}
          />
        </label>
      </div>
      <label class={`drop ${file ? "small" : ""}`}>
        <input
          type="file"
          accept="image/png,image/jpeg,image/webp"
          onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)}
        />
        <span>
          {file ? `${file.name}: drop another image, or choose one` : "Drop an image here, or choose one"}
        </span>
      </label>
      {problem && (
        <p class="notice" role="alert">
          {problem}
        </p>
      )}
      <p role="status" class="explain">
        {busy ? "Attacking…" : probed ? verdict(probed, probed.within) : ""}
      </p>
      {probed && (
        <div class="probe" aria-busy={busy}>
          <Shown title="Clean" answer={probed.clean} />
          <figure>
            <img src={probed.difference} alt="perturbation, stretched" />
            <figcaption>Perturbation, stretched</figcaption>
          </figure>
          <Shown title="Adversarial" answer={probed.adversarial} />
        </div>
      )}
      {file && id !== "" && level > 0 && (
        <Command
          text={`npx reat predict ${shell(id)} ${shell(file.name)} --resize --checkpoint ${checkpoint} --norm ${norm} --robust ${epsilon}`}
        />
      )}
    </div>
  );
}

function verdict({ clean, adversarial }: Probed, epsilon: string): string {
  const [before, after] = [clean.classes[0]!.name, adversarial.classes[0]!.name];
  return before === after
    ? `It stays “${before}” at ε = ${epsilon}, as far as this attack can tell.`
    : `“${before}” became “${after}” at ε = ${epsilon}.`;
}

function Shown({ title, answer }: { title: string; answer: Answer }) {
  return (
    <figure>
      <img src={answer.image} alt={`${title.toLowerCase()}, taken for ${answer.classes[0]?.name}`} />
      <figcaption>{title}</figcaption>
      <ol class="answers">
        {answer.classes.map(({ name, probability }) => (
          <li key={name} style={{ "--share": probability }}>
            <span>{name}</span> <span>{percent(probability)} %</span>
          </li>
        ))}
      </ol>
    </figure>
  );
}

function shell(word: string): string {
  return /^[\w./@:+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
