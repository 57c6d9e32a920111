// A host whose connections or links come and go, until it is told to stop.
import type { SimulatedHost } from "./host.ts";

const USUAL_MS = 500;

/** @returns what ends it, with everything there again */
export function flap(host: SimulatedHost, what: "connections" | "links", everyMs = USUAL_MS): () => void {
  let isThere = true;
  const set = (wanted: boolean): void => {
    isThere = wanted;
    if (what === "links") host.setLinks(wanted);
    else host.holdConnections(!wanted);
  };
  const timer = setInterval(() => set(!isThere), everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    set(true);
  };
}
