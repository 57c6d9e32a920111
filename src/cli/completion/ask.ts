// The names that a running controller knows, for completion: quickly, or none at all.
import { callControl } from "../../api/index.ts";
import type { Candidate, Subject } from "./complete.ts";

/** A person waits at the keyboard. */
const PATIENCE_MS = 1_000;

interface HostRow {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

interface EndpointRow {
  readonly mac: string;
  readonly ips: readonly string[];
  readonly host: string;
  readonly port: string | null;
}

/** Never throws: where no controller answers there is nothing to offer. */
export async function askNames(subject: Subject, control: string): Promise<readonly Candidate[]> {
  try {
    const rows = <Row>(query: string): Promise<readonly Row[]> => ask(control, query);
    switch (subject) {
      case "host":
        return (await rows<HostRow>("hosts")).map(({ name, state }) => ({ value: name, description: state }));
      case "waiting":
        return (await rows<HostRow>("hosts"))
          .filter(({ state }) => state === "waiting")
          .map(({ id, name }) => ({ value: id, description: name }));
      case "network":
        return (await rows<{ name: string; vni: number }>("networks")).map(({ name, vni }) => ({
          value: name,
          description: `vni ${vni}`,
        }));
      case "endpoint":
        return (await rows<EndpointRow>("endpoints")).flatMap(({ mac, ips, host, port }) =>
          [mac, ...ips].map((value) => ({ value, description: `${port ?? "?"} on ${host}` })),
        );
    }
  } catch {
    return [];
  }
}

async function ask<Row>(control: string, query: string): Promise<readonly Row[]> {
  const text = await callControl(control, query, ["--format=json", "--"], PATIENCE_MS);
  const rows: unknown = JSON.parse(text);
  return Array.isArray(rows) ? rows : [];
}
