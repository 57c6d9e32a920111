// The address peers reach a host's tunnels by: what the host says, else where it came from.
import { tryParseIp, unmapIpv4 } from "../../proto/bytes/ip.ts";
import { type Diagnostic, diagnostic } from "../model/diagnostic.ts";
import { HOST_SETTINGS } from "../model/external-ids.ts";
import type { HostId } from "../model/facts.ts";
import { shellWord } from "../model/shell-word.ts";

export interface TunnelIpSources {
  readonly hostId: HostId;
  readonly configured: string | null;
  readonly externalIds: ReadonlyMap<string, string>;
  readonly otherConfig: ReadonlyMap<string, string>;
  /** null over a unix socket. */
  readonly remoteAddress: string | null;
}

export interface TunnelIpFinding {
  readonly ip: string | null;
  readonly problem: Diagnostic | null;
}

function remedy(hostId: HostId): string {
  return `on ${shellWord(hostId)}: ovs-vsctl set open_vswitch . external_ids:${HOST_SETTINGS.tunnelIp}=ADDRESS`;
}

/** Loopback, multicast, unspecified and IPv6 link-local addresses lead to no other host. */
function unusable(ip: string): string | null {
  if (ip.startsWith("127.") || ip === "::1") return "a loopback address";
  const first = Number(ip.split(".")[0]);
  if (ip.includes(".") && (first === 0 || first >= 224)) return "not a host's address";
  if (/^(::$|ff)/.test(ip)) return "not a host's address";
  // Without a zone, which `remote_ip` has no place for, it could be on any link. Those of IPv4 need none.
  if (/^fe[89ab]/.test(ip)) return "a link-local address";
  return null;
}

/**
 * Order: `weft-tunnel-ip`, configuration, `ovn-encap-ip`, `other_config:local_ip`, the address the host connected
 * from. The first that is set decides; if it is no good that is said, and nothing else is guessed.
 */
export function findTunnelIp(sources: TunnelIpSources): TunnelIpFinding {
  const { hostId, externalIds } = sources;
  const candidates: readonly (readonly [source: string, text: string | null | undefined])[] = [
    [`external_ids:${HOST_SETTINGS.tunnelIp}`, externalIds.get(HOST_SETTINGS.tunnelIp)],
    ["hosts.*.tunnelIp of the configuration", sources.configured],
    ["external_ids:ovn-encap-ip", externalIds.get("ovn-encap-ip")],
    ["other_config:local_ip", sources.otherConfig.get("local_ip")],
    ["the address it connected from", sources.remoteAddress],
  ];
  for (const [source, text] of candidates) {
    if (text === null || text === undefined || text === "") continue;
    // `ovn-encap-ip` may hold a list; the first is the preferred one.
    const first = text.split(",")[0]?.trim() ?? "";
    const ip = tryParseIp(first) === undefined ? undefined : unmapIpv4(first);
    const why = ip === undefined ? "not an IP address" : unusable(ip);
    if (ip !== undefined && why === null) return { ip, problem: null };
    const message = `host ${hostId} has no usable tunnel IP: ${source} is ${first}, ${why}`;
    return { ip: null, problem: diagnostic("host/tunnel-ip", message, remedy(hostId)) };
  }
  const message = `host ${hostId} has no tunnel IP: it is connected by a unix socket, which shows no address`;
  return {
    ip: null,
    problem: diagnostic("host/tunnel-ip", message, `set hosts.${hostId}.tunnelIp in weft.yaml, or ${remedy(hostId)}`),
  };
}
