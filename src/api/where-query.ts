// The questions for endpoints and places, as the control socket's arguments have them.
import { WeftError } from "../../proto/bytes/errors.ts";
import { nearest } from "../config/nearest.ts";
import { namesOf } from "./render/names.ts";
import type { EndpointView, Queries } from "./views.ts";
import { canonicalSubject, matchesEndpoint, whereIs } from "./where.ts";
import type { WhereView } from "./where-views.ts";

/** Hosts are known by name only where a name is one host's. */
function naming(queries: Queries): (id: string) => string {
  const names = namesOf(queries.hosts());
  return (id) => names.get(id) ?? id;
}

/** Empty texts select nothing. @throws WeftError `network/unknown` */
export function selectEndpoints(queries: Queries, subject: string, network: string): readonly EndpointView[] {
  const all = queries.endpoints();
  if (network !== "") mustBeNetwork(network, queries, all);
  const wanted = canonicalSubject(subject);
  const nameOf = subject === "" ? (id: string) => id : naming(queries);
  return all.filter(
    (one) => (network === "" || one.network === network) && (subject === "" || matchesEndpoint(one, wanted, nameOf)),
  );
}

function mustBeNetwork(network: string, queries: Queries, endpoints: readonly EndpointView[]): void {
  const names = new Set([...queries.networks().map(({ name }) => name), ...endpoints.map((one) => one.network)]);
  if (names.has(network)) return;
  const near = nearest(network, names);
  const hint = near === undefined ? `known: ${[...names].sort().join(", ") || "none"}` : `did you mean ${near}?`;
  throw new WeftError("network/unknown", `no network is called "${network}"; ${hint}`, { context: { network } });
}

/** @param atMs null for now. @throws WeftError `where/unknown` */
export function whereView(queries: Queries, subject: string, atMs: number | null): WhereView {
  const sources = {
    endpoints: queries.endpoints(),
    ports: queries.ports(),
    events: queries.events.since(0, Number.MAX_SAFE_INTEGER),
    problems: queries.hosts().flatMap(({ problems }) => problems),
  };
  return whereIs(sources, subject, atMs, naming(queries));
}
