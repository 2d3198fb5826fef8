// Where a run stands, in one line that changes while it goes on.
import { compact, duration, percent } from "../src/report/numbers.js";
import { useStore } from "./store.js";

export function RunState({ id }: { id: string }) {
  const row = useStore(({ rows }) => rows.get(id));
  if (!row) return null;
  const { state, sentence, epoch, epochs, within, secondsLeft, imagesPerSecond, best } = row;
  const done = epochs ? Math.min(1, (epoch + within) / epochs) : 0;
  return (
    <p class="stand" aria-live="polite" aria-atomic="true">
      <strong>{row.name}</strong>
      <span class={`state ${state}`}>{state}</span>
      <span>
        epoch {epoch}
        {epochs !== null && ` of ${epochs}`}
      </span>
      {state === "running" && (
        <progress value={done} max={1} aria-label={`${Math.round(100 * done)} % trained`} />
      )}
      {secondsLeft !== null && <span>{duration(secondsLeft)} left</span>}
      {imagesPerSecond !== null && <span>{compact(imagesPerSecond)} images/s</span>}
      {best && (
        <span>
          best {percent(best.robust)} % robust in epoch {best.epoch}
        </span>
      )}
      {sentence && <span class="sentence">{sentence}</span>}
    </p>
  );
}
