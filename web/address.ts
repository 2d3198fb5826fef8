// The view is in the address after #, so that it can be kept, sent and gone back to.
import { useEffect, useState } from "preact/hooks";

export type ViewName = "runs" | "run" | "compare" | "try" | "jobs";

export interface Address {
  readonly view: ViewName;
  readonly runs: readonly string[];
}

const views: readonly ViewName[] = ["runs", "run", "compare", "try", "jobs"];

export function hrefOf(view: ViewName, runs: readonly string[] = []): string {
  const query = new URLSearchParams(runs.map((run) => ["run", run])).toString();
  return `#/${view}${query && `?${query}`}`;
}

function read(): Address {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const view = views.find((name) => name === path) ?? "runs";
  return { view, runs: new URLSearchParams(query).getAll("run") };
}

export function useAddress(): Address {
  const [address, set] = useState(read);
  useEffect(() => {
    const look = () => {
      set(read());
      scrollTo(0, 0);
    };
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return address;
}
