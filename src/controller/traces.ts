// Pictures and traces on demand: switches are asked for what they hold when a frame gets to them.
import { inSlices, type Rest } from "../api/in-slices.ts";
import type { TraceRequest, TraceView } from "../api/trace-views.ts";
import type { Fabric, FabricHost } from "../model/fabric.ts";
import type { HostId } from "../model/facts.ts";
import type { DesiredSwitch } from "../pipeline/desired.ts";
import type { Timers } from "../reconcile/timers.ts";
import type { OpenFlowSession } from "../southbound/openflow/index.ts";
import { type FabricPicture, type PictureSwitch, traceSource, traceView } from "../trace/index.ts";
import { concurrently } from "./concurrently.ts";
import { pictureOf, switchPicture, withSwitches } from "./fabric-picture.ts";
import type { SwitchEntry } from "./switch-entry.ts";

export interface TracesOptions {
  readonly fabrics: () => readonly Fabric[];
  readonly switchOf: (host: FabricHost) => SwitchEntry | null;
  readonly desired: (entry: SwitchEntry) => DesiredSwitch | null;
  readonly timers: Timers;
}

/** A switch that takes longer is traced by what it is known to hold. */
const READ_MS = 2_000;
const AT_ONCE = 8;
/** Frames cross at most two tunnels, and an island of plain links in a few steps more. */
const MAX_ROUNDS = 64;

export class Traces {
  readonly #options: TracesOptions;

  constructor(options: TracesOptions) {
    this.#options = options;
  }

  get fabrics(): readonly Fabric[] {
    return this.#options.fabrics();
  }

  async picture(): Promise<FabricPicture> {
    const switches = new Map<HostId, PictureSwitch>();
    const rest = inSlices();
    await this.#read(this.#hosts().keys(), switches, rest);
    return withSwitches(await pictureOf(this.fabrics, rest), switches);
  }

  async trace(request: TraceRequest): Promise<TraceView> {
    return (await this.tracedPicture(request)).view;
  }

  /** With the picture that it was traced in: of the switches that the frame gets to, and no others. */
  async tracedPicture(request: TraceRequest): Promise<{ readonly view: TraceView; readonly picture: FabricPicture }> {
    const switches = new Map<HostId, PictureSwitch>();
    const asked = new Set<HostId>();
    const rest = inSlices();
    const facts = await pictureOf(this.fabrics, rest);
    let wanted = [traceSource(facts, request)];
    for (let round = 0; ; round++) {
      for (const id of wanted) asked.add(id);
      await this.#read(wanted, switches, rest);
      await rest();
      const picture = withSwitches(facts, switches);
      const view = traceView(picture, request);
      const next = view.hops.flatMap((hop) => hop.outputs.flatMap(({ toHost }) => toHost ?? []));
      wanted = [...new Set(next)].filter((id) => !asked.has(id));
      if (wanted.length === 0 || round === MAX_ROUNDS) return { view, picture };
    }
  }

  #hosts(): ReadonlyMap<HostId, FabricHost> {
    return new Map(this.fabrics.flatMap((fabric) => [...fabric.hosts]));
  }

  async #read(ids: Iterable<HostId>, into: Map<HostId, PictureSwitch>, rest: Rest): Promise<void> {
    const hosts = this.#hosts();
    await concurrently(AT_ONCE, ids, async (id) => {
      const host = hosts.get(id);
      const entry = host === undefined ? null : this.#options.switchOf(host);
      const held = entry === null ? null : await this.#held(entry, rest);
      if (held !== null) into.set(id, held);
    });
  }

  /** null where nothing is known of what it holds. */
  async #held(entry: SwitchEntry, rest: Rest): Promise<PictureSwitch | null> {
    const { session } = entry;
    const read = session === null ? "it is not connected" : await this.#answer(session);
    await rest();
    if (typeof read !== "string") return switchPicture(entry, read.flows, read.groups, null);
    const known = entry.installed ?? this.#options.desired(entry);
    return known === null ? null : switchPicture(entry, known.flows.values(), known.groups.values(), read);
  }

  /** Or why there is none. */
  #answer(session: OpenFlowSession) {
    type Read = {
      flows: Awaited<ReturnType<typeof session.readFlows>>;
      groups: Awaited<ReturnType<typeof session.readGroups>>;
    };
    return new Promise<Read | string>((resolve) => {
      const timer = this.#options.timers.setTimer(READ_MS, () =>
        resolve(`it did not answer within ${READ_MS / 1000} s`),
      );
      Promise.all([session.readFlows(), session.readGroups()])
        .then(([flows, groups]) => resolve({ flows, groups }))
        .catch((error: unknown) => resolve(error instanceof Error ? error.message : String(error)))
        .finally(() => timer.cancel());
    });
  }
}
