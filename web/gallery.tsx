// Saved images of an attack: before, what was added, after, with what the network says; filtered by class, fate and group.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Gallery as Saved } from "../src/server/messages.js";
import { Cut } from "./cut.js";
import { FeatureMap } from "./feature-map.js";
import { ask, useStore } from "./store.js";

interface Listed {
  readonly name: string;
  readonly checkpoint: string;
  readonly attack: string;
}

export function Gallery({ id }: { id: string }) {
  const [list, setList] = useState<readonly Listed[]>([]);
  const [name, setName] = useState("");
  const [saved, setSaved] = useState<Saved | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const done = useStore(({ jobs }) => jobs.filter(({ run, state }) => run === id && state === "done").length);
  const query = `run=${encodeURIComponent(id)}`;
  useEffect(() => {
    ask<Listed[]>(`/api/images?${query}`).then(
      (found) => {
        setList(found);
        setName((before) => (found.some((one) => one.name === before) ? before : (found[0]?.name ?? "")));
      },
      (error: Error) => setProblem(error.message),
    );
  }, [id, done]);
  useEffect(() => {
    if (name === "") return undefined;
    let ended = false;
    ask<Saved>(`/api/gallery?${query}&name=${encodeURIComponent(name)}`).then(
      (found) => !ended && setSaved(found),
      (error: Error) => !ended && setProblem(error.message),
    );
    return () => {
      ended = true;
    };
  }, [name, done]);
  return (
    <section aria-labelledby="images">
      <h2 id="images">Images</h2>
      {problem && <p class="notice">{problem}</p>}
      {list.length === 0 && (
        <p class="explain">None are saved. “adversarial images to look at” below makes some.</p>
      )}
      {list.length > 1 && (
        <label>
          <span>Saved </span>
          <select value={name} onChange={(event) => setName(event.currentTarget.value)}>
            {list.map((one) => (
              <option key={one.name} value={one.name}>
                {one.checkpoint} checkpoint, {one.attack}
              </option>
            ))}
          </select>
        </label>
      )}
      {list.length > 0 && !saved && !problem && <p class="empty">Reading the images…</p>}
      {saved && <Pictures saved={saved} />}
    </section>
  );
}

function Pictures({ saved }: { saved: Saved }) {
  const [of, setClass] = useState("");
  const [fate, setFate] = useState("");
  const [group, setGroup] = useState("");
  const classes = useMemo(() => [...new Set(saved.pictures.map(({ label }) => label))].sort(), [saved]);
  const groups = useMemo(() => [...new Set(saved.pictures.map((picture) => picture.group))], [saved]);
  const shown = saved.pictures.flatMap((picture, index) => {
    const own =
      picture.clean !== picture.label
        ? "wrong"
        : picture.adversarial === picture.label
          ? "standing"
          : "fallen";
    const fits =
      (of === "" || picture.label === of) &&
      (fate === "" || fate === own) &&
      (group === "" || picture.group === group);
    return fits ? [{ picture, index, own }] : [];
  });
  const choice = (title: string, value: string, set: (value: string) => void, choices: readonly string[]) => (
    <label>
      <span>{title}</span>
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        <option value="">all</option>
        {choices.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
  return (
    <>
      <div class="tools">
        {choice("Class", of, setClass, classes)}
        {choice("Fate", fate, setFate, ["standing", "fallen", "wrong"])}
        {choice("Group", group, setGroup, groups)}
        <p class="explain" role="status">
          {shown.length} of {saved.pictures.length} images under {saved.attack}
          {saved.total > saved.pictures.length && `, the first of ${saved.total}`}. Each: clean, perturbation
          (stretched), adversarial. Wrong: not recognised even clean.
        </p>
      </div>
      {saved.map && (
        <FeatureMap saved={saved} map={saved.map} shown={new Set(shown.map(({ index }) => index))} />
      )}
      <ul class="pictures">
        {shown.slice(0, 120).map(({ picture, index, own }) => (
          <li key={index} class={own}>
            <div class="trio">
              {(["clean", "difference", "adversarial"] as const).map((which) => (
                <Cut key={which} saved={saved} which={which} index={index} />
              ))}
            </div>
            <div class="says">
              <strong>{picture.label}</strong>: {picture.clean} → {picture.adversarial}
              <span class="fate"> {own}</span>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
