// The queries of a running controller, answered by a snapshot of it.
import { WeftError } from "../../../proto/bytes/errors.ts";
import { traceView } from "../../trace/index.ts";
import { concerns } from "../doctor-views.ts";
import type { EventFeed, EventView } from "../event-views.ts";
import type { HostView, Queries } from "../views.ts";
import type { SectionName, SectionValue, Snapshot } from "./sections.ts";

export function snapshotQueries(snapshot: Snapshot): Queries {
  const section = <Name extends SectionName>(name: Name): SectionValue<Name> => {
    const held = snapshot.sections[name];
    if (held !== undefined && "value" in held) return held.value as SectionValue<Name>;
    const why = held === undefined ? `weft ${snapshot.version} did not write it` : held.error;
    throw new WeftError("snapshot/left-out", `the snapshot does not hold ${name}: ${why}`, { context: { name } });
  };
  const hostOf = (text: string): HostView => findHost(section("hosts"), text);
  return {
    events: feedOf(() => section("events")),
    status: () => section("status"),
    hosts: () => section("hosts"),
    tunnels: () => section("topology").tunnels,
    ports: () => section("ports"),
    endpoints: () => section("topology").endpoints,
    networks: () => section("topology").networks,
    topology: () => section("topology"),
    async flows(text) {
      const { id } = hostOf(text);
      const found = section("flows").find(({ host }) => host === id);
      if (found !== undefined) return found;
      throw new WeftError("snapshot/left-out", `the snapshot does not hold the flows of ${id}: it did not answer`);
    },
    picture: async () => section("picture"),
    async trace(request) {
      if (request.live === true) {
        throw new WeftError("snapshot/read-only", "nothing can be sent through a snapshot: leave out --live");
      }
      return traceView(section("picture"), request);
    },
    async doctor(text) {
      const id = text === undefined ? null : hostOf(text).id;
      return section("doctor").filter((one) => id === null || concerns(one, id));
    },
    async drift(text) {
      const id = text === undefined ? null : hostOf(text).id;
      return section("drift").filter(({ host }) => id === null || host === id);
    },
    rates: async () => section("rates"),
    async check() {
      throw new WeftError(
        "snapshot/read-only",
        "nothing can be sent through a snapshot: leave out --snapshot to check",
      );
    },
    checkProgress: () => ({ done: 0, of: 0 }),
    adoptHost: readOnly,
    releaseHost: readOnly,
    forgetHost: readOnly,
    approveHost: readOnly,
    reloadTls: readOnly,
  };
}

/** @throws WeftError `snapshot/read-only` */
export function readOnly(): never {
  throw new WeftError("snapshot/read-only", "a snapshot can't be changed; leave out --snapshot to ask the controller");
}

/** Nothing more will happen. */
function feedOf(events: () => readonly EventView[]): EventFeed {
  return {
    since: (seq, limit) =>
      events()
        .filter((event) => event.seq > seq)
        .slice(0, limit),
    subscribe: () => () => undefined,
  };
}

function findHost(hosts: readonly HostView[], text: string): HostView {
  const byId = hosts.find(({ id }) => id === text);
  if (byId !== undefined) return byId;
  const called = hosts.filter(({ name, index }) => name === text || (index !== null && String(index) === text));
  const [found, ...others] = called;
  if (found !== undefined && others.length === 0) return found;
  if (found !== undefined) {
    const ids = called.map(({ id }) => id).join(", ");
    throw new WeftError("host/ambiguous", `more than one host is called "${text}": say which by its id: ${ids}`);
  }
  const known = hosts.map(({ name }) => name).join(", ");
  throw new WeftError("host/unknown", `no host is called "${text}"; known: ${known === "" ? "none" : known}`);
}
