// The network below the tunnels, as far as the hosts' databases show it: an MTU that is smaller than elsewhere.

import { shellWord } from "../model/shell-word.ts";
import { type Examined, type ExaminedHost, type Finding, hasTunnels, interfaceOf } from "./examined.ts";
import { named } from "./software.ts";

interface Narrow {
  readonly one: ExaminedHost;
  readonly mtu: number;
  readonly usual: number;
  /** Ids of those that have the usual one. */
  readonly others: readonly string[];
}

/**
 * A host's underlay MTU is known where it says it itself, or its tunnels leave by an interface of Open vSwitch's own; of a host
 * that is away as it was when last seen, for it may be why. What routers let pass no database shows: that takes probes.
 */
function narrowHosts({ hosts }: Examined): readonly Narrow[] {
  const known = hosts.filter(hasTunnels).flatMap((one) => {
    const mtu = one.host.fact?.underlayMtu ?? null;
    return mtu === null ? [] : [{ one, mtu }];
  });
  const usual = mostCommon(known.map(({ mtu }) => mtu));
  if (usual === null) return [];
  const others = known.filter(({ mtu }) => mtu === usual).map(({ one }) => one.host.id);
  return known.filter(({ mtu }) => mtu < usual).map(({ one, mtu }) => ({ one, mtu, usual, others }));
}

export function underlayFindings(examined: Examined): readonly Finding[] {
  return narrowHosts(examined).map(smaller);
}

/** So much more would fit everywhere, were every host's underlay as large as most. */
export function missingMtu(examined: Examined): number {
  return Math.max(0, ...narrowHosts(examined).map(({ mtu, usual }) => usual - mtu));
}

/** Of equally many the larger one: the smaller is what is odd. */
function mostCommon(values: readonly number[]): number | null {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const sorted = [...counts].sort(([a, countA], [b, countB]) => countB - countA || b - a);
  return sorted[0]?.[0] ?? null;
}

function smaller({ one, mtu, usual, others }: Narrow): Finding {
  const { host } = one;
  const device = narrowest(one, mtu);
  const base = { code: "underlay/mtu", severity: "warning", host: host.id } as const;
  const message = (what: string): string =>
    `${what} has an MTU of ${mtu}, and those of ${named(others)} have ${usual}: larger packets of tunnels to and from ${host.id} are lost, and guests there must make do with less`;
  const remedy = `give it ${usual}, or lower the guests' MTU (weft ports shows what fits); weft check tries full sizes`;
  if (one.rows === null) {
    return {
      ...{ ...base, subject: host.tunnelIp, remedy },
      message: message("the underlay, when the host was last seen,"),
      command: "ip -details link show",
    };
  }
  if (device === null) {
    return {
      ...{ ...base, subject: "external_ids:weft-underlay-mtu", remedy },
      message: message("the underlay, as the host says,"),
      command: `ovs-vsctl set open_vswitch . external_ids:weft-underlay-mtu=${usual}`,
    };
  }
  return {
    ...base,
    subject: device,
    message: message(`device ${device} of the underlay`),
    remedy,
    command: `ip link set dev ${shellWord(device)} mtu ${usual}`,
  };
}

/** The device to be set: of a bridge's own port Open vSwitch makes the MTU the least of the bridge's others. */
function narrowest(one: ExaminedHost, mtu: number): string | null {
  const { rows } = one;
  if (rows === null || rows.openVSwitch?.external_ids.has("weft-underlay-mtu") === true) return null;
  const egress = [...rows.interfaces.values()].flatMap((row) => row.status.get("tunnel_egress_iface") ?? []);
  const device = egress.find((name) => interfaceOf(one, name)?.mtu === mtu);
  if (device === undefined) return null;
  const bridge = [...rows.bridges.values()].find((row) => row.name === device);
  const members = (bridge?.ports ?? []).flatMap((uuid) => rows.ports.get(uuid)?.interfaces ?? []);
  const narrow = members.flatMap((uuid) => {
    const row = rows.interfaces.get(uuid);
    return row !== undefined && row.type === "" && row.mtu === mtu ? [row.name] : [];
  });
  return narrow.sort()[0] ?? device;
}
