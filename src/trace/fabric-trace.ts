// One frame through the whole fabric: from switch to switch over tunnels, to the ports where it is delivered.
import type { Frame } from "./frame.ts";
import type { ControllerOutput, PortOutput, Step } from "./steps.ts";
import { TraceError } from "./trace-error.ts";
import { type Arrival, type SelectMode, type SwitchModel, type Translation, translate } from "./translate.ts";

/** Identifies a switch in a world: Weft's host id. */
export type HostId = string;

/** One direction of a tunnel: what leaves `host` by `port` comes in at `peerHost` by `peerPort`. */
export interface TunnelEnd {
  readonly host: HostId;
  readonly port: number;
  readonly peerHost: HostId;
  /** null: the peer has no tunnel port that takes it. */
  readonly peerPort: number | null;
  /** Whether packets get through. What the switches believe of it stands in their ports' `live`. */
  readonly up: boolean;
  /** `options:key`: the frame's own key (`flow`), or one for all. */
  readonly key?: "flow" | bigint;
  /** Of a port that leads where each frame says (`remote_ip=flow`): the address that leads to this end. */
  readonly toward?: string;
  /** The address that the far end sees the frame come from. */
  readonly source?: string;
}

export interface World {
  readonly switches: Switches;
  readonly tunnels: ReadonlyMap<string, TunnelEnd>;
}

/** As much of a map as a trace needs: models may be made when they are asked for. */
export type Switches = Pick<ReadonlyMap<HostId, SwitchModel>, "get" | "has">;

export function world(switches: Switches, tunnels: Iterable<TunnelEnd>): World {
  const found = new Map<string, TunnelEnd>();
  for (const end of tunnels) {
    found.set(tunnelKey(end.host, end.port, end.toward), end);
    // An address that nobody has leads nowhere.
    const { host, port } = end;
    if (end.toward !== undefined)
      found.set(tunnelKey(host, port), { host, port, peerHost: "nobody", peerPort: null, up: false });
  }
  return { switches, tunnels: found };
}

function tunnelKey(host: HostId, port: number, toward?: string | null): string {
  return toward == null ? `${host} ${port}` : `${host} ${port} ${toward}`;
}

/** undefined for a local port. */
function tunnelBy(within: World, host: HostId, { port, tunnelTarget }: PortOutput): TunnelEnd | undefined {
  return within.tunnels.get(tunnelKey(host, port, tunnelTarget)) ?? within.tunnels.get(tunnelKey(host, port));
}

/** What happens in one switch, and where the frame goes on from it. */
export interface Hop {
  readonly host: HostId;
  readonly inPort: number;
  /** null where it came from a local port. */
  readonly tunnelKey: bigint | null;
  readonly frame: Frame;
  readonly steps: readonly Step[];
  /** Outputs that left by a tunnel. */
  readonly crossings: readonly Crossing[];
  /** What the model does not know and the frame met here: nothing is said of what comes after. */
  readonly unsupported: string | null;
}

export interface Crossing {
  readonly output: PortOutput;
  readonly tunnel: TunnelEnd;
  readonly key: bigint;
  /** null where it got no further, and why. */
  readonly to: Hop | null;
  readonly lost: "tunnel-down" | "no-switch" | "no-tunnel-port" | "circulates" | null;
}

export interface Delivery {
  readonly host: HostId;
  readonly port: number;
  readonly frame: Frame;
  /** How many tunnels it crossed. */
  readonly crossings: number;
}

export interface ControllerCopy extends ControllerOutput {
  readonly host: HostId;
}

export interface Lost {
  readonly host: HostId;
  readonly reason: string;
  readonly port?: number;
}

export interface Trace {
  readonly root: Hop;
  readonly deliveries: readonly Delivery[];
  readonly copies: readonly ControllerCopy[];
  /** Frames, or copies of it, that went nowhere. */
  readonly drops: readonly Lost[];
  /** Most tunnels that a copy of the frame crossed. */
  readonly maxCrossings: number;
  readonly tunnelCrossings: number;
  /** Flows of equal priority matched one frame: what a switch does then is left open. */
  readonly ambiguous: boolean;
  /** A bound was reached: the frame, or a copy of it, would go on and on. */
  readonly circulates: boolean;
}

export interface TraceOptions {
  /** Tunnels in a row after which a frame counts as circulating; 16 unless given. */
  readonly maxCrossings?: number;
  /** Switches visited in all; 10,000 unless given. */
  readonly maxHops?: number;
  readonly select?: SelectMode;
  /** Whether a path ends, rather than the whole trace fails, where a switch does what the model does not know. */
  readonly endsAtUnsupported?: boolean;
}

/** @throws TraceError for a host the world does not have, and for flows the model does not know. */
export function traceFrame(
  within: World,
  host: HostId,
  inPort: number,
  frame: Frame,
  options: TraceOptions = {},
): Trace {
  if (!within.switches.has(host)) {
    throw new TraceError("trace/unknown", `there is no switch ${host}`, { context: { host } });
  }
  const walk = new Walk(within, options);
  const root = walk.hop(host, { frame, inPort }, 0);
  const { deliveries, copies, drops, maxCrossings, tunnelCrossings, ambiguous, circulates } = walk;
  return { root, deliveries, copies, drops, maxCrossings, tunnelCrossings, ambiguous, circulates };
}

class Walk {
  readonly deliveries: Delivery[] = [];
  readonly copies: ControllerCopy[] = [];
  readonly drops: Lost[] = [];
  maxCrossings = 0;
  tunnelCrossings = 0;
  ambiguous = false;
  circulates = false;
  readonly #world: World;
  readonly #mostCrossings: number;
  readonly #mostHops: number;
  readonly #select: SelectMode;
  readonly #endsAtUnsupported: boolean;
  #hops = 0;

  constructor(within: World, options: TraceOptions) {
    this.#world = within;
    this.#mostCrossings = options.maxCrossings ?? 16;
    this.#mostHops = options.maxHops ?? 10_000;
    this.#select = options.select ?? "first";
    this.#endsAtUnsupported = options.endsAtUnsupported === true;
  }

  hop(host: HostId, arrival: Arrival, crossed: number): Hop {
    this.#hops++;
    this.maxCrossings = Math.max(this.maxCrossings, crossed);
    const { translation, unsupported } = this.#translate(host, arrival);
    this.#note(host, translation.steps);
    for (const copy of translation.copies) this.copies.push({ ...copy, host });
    const crossings: Crossing[] = [];
    for (const output of translation.outputs) {
      const tunnel = tunnelBy(this.#world, host, output);
      if (tunnel === undefined)
        this.deliveries.push({ host, port: output.port, frame: output.frame, crossings: crossed });
      else crossings.push(this.#cross(output, tunnel, crossed + 1));
    }
    const { frame, inPort, tunnelId = null } = arrival;
    return { host, inPort, tunnelKey: tunnelId, frame, steps: translation.steps, crossings, unsupported };
  }

  #translate(host: HostId, arrival: Arrival): { translation: Translation; unsupported: string | null } {
    const nothing: Translation = { steps: [], outputs: [], copies: [], error: null };
    try {
      const model = this.#world.switches.get(host);
      return {
        translation: model === undefined ? nothing : translate(model, arrival, this.#select),
        unsupported: null,
      };
    } catch (error) {
      if (!this.#endsAtUnsupported || !(error instanceof TraceError)) throw error;
      this.drops.push({ host, reason: "unsupported" });
      return { translation: nothing, unsupported: error.message };
    }
  }

  #cross(output: PortOutput, tunnel: TunnelEnd, crossed: number): Crossing {
    const key = tunnel.key === undefined || tunnel.key === "flow" ? output.tunnelId : tunnel.key;
    const { peerHost, peerPort, host, port } = tunnel;
    this.tunnelCrossings++;
    const lose = (lost: Exclude<Crossing["lost"], null>): Crossing => {
      this.drops.push({ host, reason: lost, port });
      return { output, tunnel, key, to: null, lost };
    };
    if (!tunnel.up) return lose("tunnel-down");
    if (!this.#world.switches.has(peerHost)) return lose("no-switch");
    if (peerPort === null) return lose("no-tunnel-port");
    if (crossed > this.#mostCrossings || this.#hops >= this.#mostHops) {
      this.circulates = true;
      return lose("circulates");
    }
    const addresses = {
      ...(tunnel.source === undefined ? {} : { tunnelSource: tunnel.source }),
      ...(tunnel.toward === undefined ? {} : { tunnelTarget: tunnel.toward }),
    };
    const arrival = { frame: output.frame, inPort: peerPort, tunnelId: key, ...addresses };
    return { output, tunnel, key, to: this.hop(peerHost, arrival, crossed), lost: null };
  }

  #note(host: HostId, steps: readonly Step[]): void {
    for (const step of steps) {
      switch (step.kind) {
        case "table":
          if (step.rivals.length > 0) this.ambiguous = true;
          break;
        case "drop":
          this.drops.push({ host, reason: step.reason, ...(step.port === undefined ? {} : { port: step.port }) });
          if (step.reason === "too-deep" || step.reason === "too-many-lookups") this.circulates = true;
          break;
        case "group":
          for (const bucket of step.buckets) this.#note(host, bucket.steps);
          break;
        case "resubmit":
        case "action_set":
          this.#note(host, step.steps);
          break;
        default:
      }
    }
  }
}
