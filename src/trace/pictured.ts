// A picture as a world that frames can be traced in: models of switches are made when a frame gets to them.

import { WeftError } from "../../proto/bytes/errors.ts";
import { parseFlow, parseGroup } from "../../proto/openflow13/index.ts";
import { HEARS_NOTHING, NOT_HEARD } from "../model/bfd-diagnostics.ts";
import { type HostId, type TunnelEnd, type World, world } from "./fabric-trace.ts";
import { flowTables, type TraceFlow } from "./flow-table.ts";
import type { FabricPicture, PictureFact, PictureHost, PictureTunnel } from "./picture.ts";
import { type SwitchModel, switchModel } from "./translate.ts";

export interface Pictured {
  readonly picture: FabricPicture;
  readonly world: World;
  readonly hosts: ReadonlyMap<HostId, PictureHost>;
  /** Of a flow that a trace met; null where it is not Weft's. */
  factOf(flow: TraceFlow): PictureFact | null;
  /** Flows of others on a switch that the model can't follow, and so has left out. */
  leftOut(host: HostId): number;
}

interface Made {
  readonly model: SwitchModel;
  readonly leftOut: number;
}

export function pictured(picture: FabricPicture): Pictured {
  const hosts = new Map(picture.hosts.map((host) => [host.id, host]));
  const facts = new Map<TraceFlow, PictureFact | null>();
  const made = new Map<HostId, Made>();
  const make = (id: HostId): Made | undefined => {
    const known = made.get(id);
    const host = hosts.get(id);
    if (known !== undefined || host === undefined || host.switch === null) return known;
    const result = makeModel(host, facts);
    made.set(id, result);
    return result;
  };
  const switches = {
    has: (id: HostId): boolean => hosts.get(id)?.switch != null,
    get: (id: HostId): SwitchModel | undefined => make(id)?.model,
  };
  return {
    picture,
    hosts,
    world: world(switches, endsOf(picture.hosts)),
    factOf: (flow) => facts.get(flow) ?? null,
    leftOut: (id) => make(id)?.leftOut ?? 0,
  };
}

function makeModel(host: PictureHost, facts: Map<TraceFlow, PictureFact | null>): Made {
  const flows: TraceFlow[] = [];
  let leftOut = 0;
  for (const { text, fact } of host.switch?.flows ?? []) {
    const flow = fact === null ? followed(text) : readFlow(text);
    if (flow === null) {
      leftOut += 1;
      continue;
    }
    flows.push(flow);
    facts.set(flow, fact);
  }
  const ports = new Map((host.switch?.ports ?? []).map(({ ofport, name, live }) => [ofport, { name, live }]));
  // To a group that can't be read only flows of others lead.
  const groups = (host.switch?.groups ?? []).flatMap(({ text }) => unlessUnknown(() => parseGroup(text)) ?? []);
  return { model: switchModel({ flows, groups, ports }), leftOut };
}

function readFlow(text: string): TraceFlow {
  const { tableId, priority, match, instructions, cookie } = parseFlow(text);
  return { tableId, priority, match, instructions, cookie };
}

/** Others may use any field and action: what has no words in a flow's text, and what the model does not know. */
function followed(text: string): TraceFlow | null {
  return unlessUnknown(() => {
    const flow = readFlow(text);
    flowTables([flow]);
    return flow;
  });
}

function unlessUnknown<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof WeftError) return null;
    throw error;
  }
}

/** Of the switches that frames can leave: a large fabric has a million tunnels, and a trace sees few of them. */
function endsOf(hosts: readonly PictureHost[]): readonly TunnelEnd[] {
  const at = new Map<string, PictureHost>();
  for (const host of hosts) {
    if (host.tunnelIp === null) continue;
    const key = addressKey(host, host.tunnelIp);
    if (!at.has(key)) at.set(key, host);
  }
  const there = hosts.filter((host) => host.switch !== null);
  return there.flatMap((host) => [...tunnelEnds(host, at), ...linkEnds(host)]);
}

function addressKey({ fabric }: PictureHost, address: string): string {
  return JSON.stringify([fabric, address]);
}

/** What a host's tunnels lead to: by their addresses, as the underlay has it, not by what their rows call the peer. */
function tunnelEnds(host: PictureHost, at: ReadonlyMap<string, PictureHost>): readonly TunnelEnd[] {
  return host.tunnels.flatMap((tunnel): readonly TunnelEnd[] => {
    if (tunnel.ofport === null) return [];
    const peer = at.get(addressKey(host, tunnel.remoteIp));
    const back = peer === undefined ? undefined : arrivalOf(peer, tunnel.type, host.tunnelIp);
    const shared = tunnel.shared && host.tunnelIp !== null ? { toward: tunnel.remoteIp, source: host.tunnelIp } : {};
    return [
      {
        host: host.id,
        port: tunnel.ofport,
        peerHost: peer?.id ?? "nobody",
        peerPort: back?.ofport ?? null,
        up: peer !== undefined && tunnel.error === null && !isCut(tunnel, back),
        ...shared,
      },
    ];
  });
}

/** As in Open vSwitch, a port for the very address comes before one for all. */
function arrivalOf(peer: PictureHost, type: string, from: string | null): PictureTunnel | undefined {
  const isThere = (one: PictureTunnel): boolean => one.type === type && one.ofport !== null;
  const own = peer.tunnels.find((one) => !one.shared && one.remoteIp === from && isThere(one));
  return own ?? peer.tunnels.find((one) => one.shared && isThere(one));
}

/** Of a pair's two ends the one that hears nothing has the cut direction towards it (RFC 5880, section 6.8.1). */
function isCut(out: PictureTunnel, back: PictureTunnel | undefined): boolean {
  if (back?.bfd === "down" && back.why !== NOT_HEARD) return true;
  return out.bfd === "down" && out.why !== HEARS_NOTHING && back?.bfd !== "up";
}

/** A plain link has no key, and is as good as its port. */
function linkEnds(host: PictureHost): readonly TunnelEnd[] {
  return host.links.map(({ ofport, peer, peerOfport }) => ({
    ...{ host: host.id, port: ofport, peerHost: peer ?? "nobody", peerPort: peerOfport, key: 0n },
    up: peer !== null && host.switch?.ports.find((port) => port.ofport === ofport)?.live !== false,
  }));
}
