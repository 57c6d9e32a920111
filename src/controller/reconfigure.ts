// Which keys of the configuration a running controller takes over, and which wait for its next start.
import type { WeftConfig } from "../config/index.ts";

export interface Reconfigured {
  /** What runs now: the new file where that can be, the old one elsewhere. */
  readonly config: WeftConfig;
  /** Keys that changed, such as `networks.blue`. Sorted. */
  readonly applied: readonly string[];
  readonly needsRestart: readonly string[];
}

/** What is compiled from facts and settings anew at every change. All else is fixed when the controller starts. */
const APPLIED: ReadonlySet<string> = new Set([
  "bfd",
  "datapathType",
  "endpoints.idleTimeoutSec",
  "endpoints.static",
  "hosts",
  "log",
  "mtu",
  "networks",
  "punts",
  "topology",
  "tunnel",
  "underlayMtu",
]);

type Keys = Readonly<Record<string, unknown>>;

function isKeys(value: unknown): value is Keys {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isApplied(section: string, key: string): boolean {
  return APPLIED.has(section) || APPLIED.has(`${section}.${key}`);
}

/** @param running is what the controller runs with, @param wanted what its file says now. */
export function reconfigured(running: WeftConfig, wanted: WeftConfig): Reconfigured {
  const applied: string[] = [];
  const needsRestart: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [section, old] of Object.entries(running as unknown as Keys)) {
    const given = (wanted as unknown as Keys)[section];
    if (!isKeys(old) || !isKeys(given)) {
      config[section] = take(section, section, "", old, given);
      continue;
    }
    const merged: Record<string, unknown> = Object.create(null);
    for (const key of new Set([...Object.keys(old), ...Object.keys(given)])) {
      const value = take(`${section}.${key}`, section, key, old[key], given[key]);
      if (value !== undefined) merged[key] = value;
    }
    config[section] = merged;
  }
  return { config: config as unknown as WeftConfig, applied: applied.sort(), needsRestart: needsRestart.sort() };

  function take(path: string, section: string, key: string, old: unknown, given: unknown): unknown {
    if (JSON.stringify(old) === JSON.stringify(given)) return old;
    const now = isApplied(section, key);
    (now ? applied : needsRestart).push(path);
    return now ? given : old;
  }
}
