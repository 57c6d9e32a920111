// A simulated switch with the flows, groups and ports of another: what it does with a frame, in the words of `effectsOf`.

import { ipv4ToNumber } from "../../proto/bytes/ip.ts";
import { type FlowStats, type GroupDesc, type Instruction, OFPG, OFPP } from "../../proto/openflow13/index.ts";
import { Datapath } from "../../src/sim/switch/datapath.ts";
import { NO_TUNNEL } from "../../src/sim/switch/packet.ts";

export interface TwinArrival {
  readonly inPort: number;
  readonly frame: Uint8Array;
  readonly tunnel?: { readonly key: bigint; readonly from: string; readonly to: string };
}

const hex = (frame: Uint8Array): string => Buffer.from(frame).toString("hex");

function metersOf(instructions: readonly Instruction[]): readonly number[] {
  return instructions.flatMap((one) => {
    if (one.kind === "meter") return [one.meterId];
    if (one.kind !== "apply_actions" && one.kind !== "write_actions") return [];
    return one.actions.flatMap((action) =>
      action.kind === "nx_controller2" && action.meterId !== undefined ? [action.meterId] : [],
    );
  });
}

export class SimulatedTwin {
  readonly #datapath: Datapath;
  #effects: string[] = [];

  constructor(options: {
    readonly flows: readonly FlowStats[];
    readonly groups: readonly GroupDesc[];
    readonly ports: readonly number[];
    readonly tunnels: ReadonlySet<number>;
    readonly dead: ReadonlySet<number>;
  }) {
    this.#datapath = new Datapath({
      nowMs: () => 0,
      transmit: ({ portNo }, frame, { id }) => {
        const way = options.tunnels.has(portNo) ? `tunnel ${portNo} key ${id}` : `port ${portNo}`;
        this.#effects.push(`${way} ${hex(frame)}`);
      },
    });
    for (const portNo of options.ports) {
      const isDead = options.dead.has(portNo);
      const named = { portNo, name: `p${portNo}`, hwAddr: "02:00:00:00:00:00", config: 0 };
      // A port without a carrier is sent to all the same: only what watches it passes it over.
      this.#datapath.setPort({ ...named, isUp: true, bfdForwards: isDead ? false : null });
    }
    const command = "add" as const;
    this.#datapath.apply(
      options.groups.map((group) => ({ kind: "group_mod", xid: 0, command, ...group })),
      null,
    );
    // Meters change nothing in what a lone frame meets, but flows may not name one that is not there.
    const meters = new Set(options.flows.flatMap(({ instructions }) => metersOf(instructions)));
    for (const meterId of meters)
      this.#datapath.apply([{ kind: "meter_mod", xid: 0, command, meterId, flags: 0, bands: [] }], null);
    const rest = { cookieMask: 0n, bufferId: 0, outPort: OFPP.ANY, outGroup: OFPG.ANY };
    this.#datapath.apply(
      options.flows.map((flow) => ({ kind: "flow_mod", xid: 0, command, ...flow, ...rest })),
      null,
    );
    this.#datapath.watch({
      onPort: () => undefined,
      onFlows: () => undefined,
      onPunt: (packet, { reason, cookie, controllerId, maxLen }) => {
        const said = `reason ${reason} cookie ${cookie} id ${controllerId} max ${maxLen}`;
        this.#effects.push(`controller ${said} ${hex(packet.frame())}`);
      },
    });
  }

  effects({ inPort, frame, tunnel }: TwinArrival): readonly string[] {
    this.#effects = [];
    const { key: id = 0n, from, to } = tunnel ?? {};
    const addresses =
      from === undefined || to === undefined
        ? {}
        : { sourceV4: BigInt(ipv4ToNumber(from)), targetV4: BigInt(ipv4ToNumber(to)) };
    this.#datapath.receive(inPort, frame, { ...NO_TUNNEL, id, ...addresses });
    return this.#effects;
  }
}
