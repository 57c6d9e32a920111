// Ports of guests: those that no frame can use, and those behind which nobody speaks.
import type { FabricPort } from "../model/fabric-ports.ts";
import { shellWord } from "../model/shell-word.ts";
import type { Examined, ExaminedHost, Finding } from "./examined.ts";
import { missingMtu } from "./underlay.ts";

export function portFindings(examined: Examined): readonly Finding[] {
  const missing = missingMtu(examined);
  return withoutConsequences(examined.hosts.flatMap((one) => ofHost(one, missing)));
}

/** More ports than these that one host's underlay makes too small for their guests are told together. */
const MAX_CONSEQUENCES = 3;

function withoutConsequences(findings: readonly Finding[]): readonly Finding[] {
  const notes = findings.filter(({ code, severity }) => code === "port/mtu" && severity === "note");
  const [first] = notes;
  if (first === undefined || notes.length <= MAX_CONSEQUENCES) return findings;
  const hosts = [...new Set(notes.flatMap(({ host }) => host ?? []))];
  const all: Finding = {
    ...first,
    ...(hosts.length === 1 ? {} : { host: null, others: hosts }),
    message: `${notes.length} ports, such as ${first.subject}, have a larger MTU than now fits the tunnels: larger packets may be lost on the way`,
    remedy: "mend underlay/mtu, and they fit; weft ports shows what fits now",
    command: "weft ports",
  };
  return [...findings.filter((one) => !notes.includes(one)), all];
}

function ofHost(examined: ExaminedHost, missing: number): readonly Finding[] {
  const { host, fabric } = examined;
  // Of a host that is away nothing is known; a lone switch has no rows that could be wrong.
  if (examined.rows === null || host.fact === null) return [];
  const speaking = new Set<string>();
  for (const { portName } of fabric.endpointsAt.get(host.id) ?? []) if (portName !== null) speaking.add(portName);
  return host.ports.flatMap((port) => ofPort(host.id, port, speaking.has(port.fact.name), missing));
}

function ofPort(
  id: string,
  { fact, attachments, blocked, mtu }: FabricPort,
  speaks: boolean,
  missing: number,
): readonly Finding[] {
  const base = { host: id, subject: fact.name } as const;
  const word = shellWord(fact.name);
  const isOdd = fact.problems.some(({ code }) => code === "port/error");
  if (!fact.inUse || fact.excluded !== null || blocked || isOdd) return [];
  if (fact.mtu != null && mtu !== null && fact.mtu > mtu) {
    const internal = fact.type === "internal";
    // It would fit but for one host's underlay, which is what to mend.
    const follows = fact.mtu - mtu <= missing;
    return [
      {
        ...{ ...base, code: "port/mtu", severity: follows ? "note" : "warning" },
        message: `port ${fact.name} has an MTU of ${fact.mtu}, and only ${mtu} fits the tunnels: larger packets may be lost on the way`,
        remedy: `${follows ? "mend underlay/mtu, and it fits; or " : ""}${internal ? "mtu.request: true in weft.yaml sets it on all internal ports" : "the same in the guest"}`,
        command: internal ? `ovs-vsctl set interface ${word} mtu_request=${mtu}` : `ip link set dev ${word} mtu ${mtu}`,
      },
    ];
  }
  if (attachments.length === 0) {
    return [
      {
        ...{ ...base, code: "port/no-network", severity: "warning" },
        message: `port ${fact.name} is in no network: every frame from there is dropped`,
        remedy:
          "give it a VLAN tag, or the name of a network; without either, and without trunks, it is in the default network",
        command: `ovs-vsctl set interface ${word} external_ids:weft-network=default`,
      },
    ];
  }
  if (!fact.up) {
    return [
      {
        ...{ ...base, code: "port/down", severity: "note" },
        message: `port ${fact.name} has no link`,
        remedy: "none, if the guest is off",
        command: `ip link set dev ${word} up`,
      },
    ];
  }
  if (speaks) return [];
  return [
    {
      ...{ ...base, code: "port/silent", severity: "note" },
      message: `nothing was heard from port ${fact.name} yet, or not for a long time`,
      remedy: "see that the guest is up, and has an address; the command shows what it sends",
      command: `tcpdump -ni ${word}`,
    },
  ];
}
