// MACs and addresses that are used in two places: each place named by itself, the one that gives way first.
import type { DisputeFact, Party } from "../model/disputes.ts";
import type { Fabric } from "../model/fabric.ts";
import { shellWord } from "../model/shell-word.ts";
import type { Examined, Finding } from "./examined.ts";

export function duplicateFindings({ hosts, disputedSince = () => null }: Examined): readonly Finding[] {
  const fabrics = new Set(hosts.map(({ fabric }) => fabric));
  return [...fabrics].flatMap((fabric) =>
    fabric.disputes.flatMap((dispute) => ofDispute(fabric, dispute, disputedSince)),
  );
}

interface Spot {
  readonly host: string | null;
  readonly port: string;
  readonly text: string;
}

function spotOf(fabric: Fabric, { place }: Party): Spot {
  if (place === null) return { host: null, port: "", text: "a place that is not known any more" };
  for (const host of fabric.hosts.values()) {
    if ((host.switch?.dpid ?? host.fact?.dpid) !== place.dpid) continue;
    const port = host.ports.find((one) => one.fact.ofport === place.ofport)?.fact.name ?? String(place.ofport);
    return { host: host.id, port, text: `${host.id} port ${port}` };
  }
  return { host: null, port: String(place.ofport), text: `port ${place.ofport} of switch ${place.dpid}` };
}

function ofDispute(
  fabric: Fabric,
  { mac, ip, reason, holder, rivals, vni }: DisputeFact,
  disputedSince: (what: string) => string | null,
): readonly Finding[] {
  // Flows of before tell of it, and the holder's host is still to come back.
  if (reason === "recalled") return [];
  const what = ip === null ? `MAC ${mac}` : `address ${ip}`;
  const kind = `${reason === "flapping" ? "flapping" : "duplicate"}-${ip === null ? "mac" : "ip"}`;
  const first = spotOf(fabric, holder);
  const network = fabric.networks.byVni(vni)?.name ?? `vni${vni}`;
  // Of several rivals the journal has only when the first of them came.
  const since = rivals.length === 1 ? disputedSince(what) : null;
  const came = (second: Spot): string => (since === null ? "" : `; ${second.text} came ${since}`);
  return rivals.map((rival): Finding => {
    const second = spotOf(fabric, rival);
    const both = `${withMac(first, holder, ip)} and ${withMac(second, rival, ip)}`;
    return {
      code: `endpoint/${kind}`,
      severity: "critical",
      host: second.host ?? first.host,
      ...(first.host === null || second.host === null || first.host === second.host ? {} : { others: [first.host] }),
      subject: ip ?? mac,
      message:
        reason === "flapping"
          ? `${what} of network ${network} moves too often between ${both}: it stays at the first`
          : `${what} of network ${network} is ${reason === "declared" ? "declared at" : "used at"} ${both}: it stays at the first${came(second)}`,
      remedy:
        ip === null
          ? `give the guest at ${second.text} a MAC of its own, or take its port away; this ends by itself when it falls silent`
          : `give the guest at ${second.text} another address, or take its port away; this ends by itself when it no longer claims ${ip}`,
      command:
        second.host === null || second.host.startsWith("dpid:") ? null : `ovs-vsctl del-port ${shellWord(second.port)}`,
    };
  });
}

function withMac({ text }: Spot, { mac }: Party, ip: string | null): string {
  return ip === null ? text : `${text} (${mac})`;
}
