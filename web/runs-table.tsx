// The table of runs: filtered, sorted, folded; only the rows that can be seen are in the document.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { count } from "../src/report/numbers.js";
import { columns } from "./columns.js";
import { filterHelp, parseFilter } from "./filter.js";
import { differingSettings, type Line, linesOf, type Order, sorted } from "./grouping.js";
import { mostChosen, useStore } from "./store.js";
import { GroupRow, RowOfRun } from "./table-rows.js";

const rowHeight = 36;
const beyond = 8;

/** What is asked of the table stays while one looks at a run. */
const kept = { filter: "", by: "", order: { key: "name", descending: false } as Order, top: 0 };

export function RunsTable() {
  const rows = useStore((state) => state.rows);
  const complete = useStore((state) => state.complete);
  const [filter, setFilter] = useState(kept.filter);
  const [by, setBy] = useState(kept.by);
  const [order, setOrder] = useState<Order>(kept.order);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  Object.assign(kept, { filter, by, order });
  const all = useMemo(() => [...rows.values()], [rows]);
  const settings = useMemo(() => differingSettings(all), [all]);
  const test = useMemo(() => parseFilter(filter), [filter]);
  const found = useMemo(
    () => sorted(typeof test === "string" ? all : all.filter(test), order),
    [all, test, order],
  );
  const lines = useMemo(() => linesOf(found, by, open), [found, by, open]);
  const toggle = (key: string) => {
    const next = new Set(open);
    if (!next.delete(key)) next.add(key);
    setOpen(next);
  };
  return (
    <>
      <h1 class="unseen">Runs</h1>
      <div class="tools">
        <label class="filter">
          <span>Filter</span>
          <input
            id="filter"
            type="search"
            value={filter}
            placeholder="reat robust>30 -state:failed"
            aria-describedby="filter-help"
            aria-invalid={typeof test === "string"}
            spellcheck={false}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
        <label>
          <span>Group by</span>
          <select value={by} onChange={(event) => setBy(event.currentTarget.value)}>
            <option value="">nothing</option>
            <option value="experiment">seeds</option>
            {settings.map((key) => (
              <option key={key} value={key}>
                {key}
              </option>
            ))}
          </select>
        </label>
        <p id="filter-help" class="explain" role="status">
          {typeof test === "string" ? (
            <strong>{test}</strong>
          ) : filter === "" ? (
            filterHelp
          ) : (
            `${count(found.length)} of ${count(all.length)} runs`
          )}
        </p>
      </div>
      {all.length === 0 && complete ? (
        <p class="empty">
          No run yet. <code>npx reat quickstart</code> makes two in five minutes; they show up here while they
          train.
        </p>
      ) : (
        <Virtual
          lines={lines}
          order={order}
          setOrder={setOrder}
          toggle={toggle}
          open={open}
          complete={complete}
        />
      )}
    </>
  );
}

interface VirtualProps {
  readonly lines: readonly Line[];
  readonly order: Order;
  readonly open: ReadonlySet<string>;
  readonly complete: boolean;
  readonly setOrder: (order: Order) => void;
  readonly toggle: (key: string) => void;
}

function Virtual({ lines, order, setOrder, toggle, open, complete }: VirtualProps) {
  const box = useRef<HTMLElement>(null);
  const [top, setTop] = useState(kept.top);
  const [height, setHeight] = useState(900);
  const [active, setActive] = useState(0);
  const chosen = useStore((state) => state.chosen);
  useEffect(() => {
    const element = box.current!;
    element.scrollTop = kept.top;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useSlash();
  const first = Math.max(0, Math.floor(top / rowHeight) - beyond);
  const last = Math.min(lines.length, Math.ceil((top + height) / rowHeight) + beyond);
  const at = Math.min(active, lines.length - 1);
  const move = (to: number) => {
    const next = Math.max(0, Math.min(lines.length - 1, to));
    setActive(next);
    const element = box.current!;
    const above = next * rowHeight;
    if (above < element.scrollTop) element.scrollTop = above;
    const below = above + 2 * rowHeight - element.clientHeight;
    if (below > element.scrollTop) element.scrollTop = below;
    // The row may only now come into the document.
    setTimeout(() => element.querySelector<HTMLElement>(`[data-line="${next}"] .open`)?.focus());
  };
  const page = Math.max(1, Math.floor(height / rowHeight) - 2);
  const steps: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: lines.length - 1,
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = steps[event.key];
    if (to === undefined || !(event.target as HTMLElement).closest("tbody")) return;
    event.preventDefault();
    move(to);
  };
  return (
    <section
      class="rows"
      ref={box}
      aria-label="Table of runs"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keys
      tabIndex={0}
      onKeyDown={onKeyDown}
      onScroll={(event) => {
        kept.top = event.currentTarget.scrollTop;
        setTop(kept.top);
      }}
    >
      <table aria-rowcount={lines.length + 1} aria-busy={!complete}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" class="mark">
              <span class="unseen">compare (at most {mostChosen})</span>
            </th>
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                class={`${column.numeric ? "number" : ""} c-${column.key}`}
                aria-sort={
                  order.key === column.key ? (order.descending ? "descending" : "ascending") : undefined
                }
              >
                <button
                  type="button"
                  title={column.help}
                  onClick={() =>
                    setOrder({
                      key: column.key,
                      descending: order.key === column.key ? !order.descending : column.numeric,
                    })
                  }
                >
                  {column.title}
                  <span aria-hidden="true" class="arrow">
                    {order.key === column.key ? (order.descending ? "↓" : "↑") : ""}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Space rows={first} />
          {lines
            .slice(first, last)
            .map((line, i) =>
              line.kind === "run" ? (
                <RowOfRun
                  key={line.row.id}
                  row={line.row}
                  inside={line.inside}
                  index={first + i}
                  reached={first + i === at}
                  chosen={chosen.indexOf(line.row.id)}
                  full={chosen.length >= mostChosen}
                />
              ) : (
                <GroupRow
                  key={`group ${line.key}`}
                  line={line}
                  index={first + i}
                  reached={first + i === at}
                  open={open.has(line.key)}
                  toggle={() => toggle(line.key)}
                />
              ),
            )}
          <Space rows={lines.length - last} />
        </tbody>
      </table>
      {lines.length === 0 && complete && <p class="empty">No run fits the filter.</p>}
      {!complete && <p class="empty">Reading the runs…</p>}
    </section>
  );
}

function Space({ rows }: { rows: number }) {
  if (rows <= 0) return null;
  return (
    <tr class="space" style={{ height: `${rows * rowHeight}px` }}>
      <td colSpan={columns.length + 1} />
    </tr>
  );
}

/** The key / goes to the filter, as on many pages. */
function useSlash(): void {
  useEffect(() => {
    const look = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
      event.preventDefault();
      document.getElementById("filter")?.focus();
    };
    addEventListener("keydown", look);
    return () => removeEventListener("keydown", look);
  }, []);
}
