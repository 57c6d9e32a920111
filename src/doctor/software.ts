// Versions of Open vSwitch, and settings of it that have traps.
import type { FabricPort } from "../model/fabric-ports.ts";
import { shellWord } from "../model/shell-word.ts";
import { bridgeOf, type Examined, type ExaminedHost, type Finding } from "./examined.ts";
import { isAffected, KNOWN_VULNERABILITIES, versionOf } from "./known-vulnerabilities.ts";

/** Notes: a distribution mends what it ships and keeps the number, so that a number alone proves nothing. */
export function softwareFindings({ hosts }: Examined): readonly Finding[] {
  return [...versionFindings(hosts), ...settingFindings(hosts)];
}

/** One finding for all hosts of one version: with 300 hosts it is one thing to do. */
function versionFindings(hosts: readonly ExaminedHost[]): readonly Finding[] {
  const byVersion = new Map<string, string[]>();
  for (const { host, ovsVersion: text } of hosts) {
    if (text === null || versionOf(text) === null) continue;
    const ids = byVersion.get(text);
    if (ids === undefined) byVersion.set(text, [host.id]);
    else ids.push(host.id);
  }
  return [...byVersion].flatMap(([text, ids]): readonly Finding[] => {
    const version = versionOf(text);
    const known = KNOWN_VULNERABILITIES.filter((one) => version !== null && isAffected(version, one));
    if (known.length === 0) return [];
    return [
      {
        code: "host/vulnerable",
        severity: "note",
        ...hostsOf(ids),
        subject: text,
        message: `Open vSwitch ${text}, on ${named(ids)}, was released with ${known.map(({ id, what }) => `${id} (${what})`).join(", ")}`,
        remedy: `update Open vSwitch, unless its package has the fixes, as those of distributions often have under the old number: the command tells; versions from ${[...new Set(known.map(({ source }) => source))].join(", ")}`,
        command: "zgrep -h CVE /usr/share/doc/openvswitch-switch/changelog.Debian.gz || rpm -q --changelog openvswitch",
      },
    ];
  });
}

/** What several hosts have is no single one's. */
function hostsOf(ids: readonly string[]): Pick<Finding, "host" | "others"> {
  const [first = null] = ids;
  return ids.length === 1 ? { host: first } : { host: null, others: ids };
}

const MAX_NAMED = 5;

export function named(ids: readonly string[]): string {
  const more = ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : "";
  return `${ids.slice(0, MAX_NAMED).join(", ")}${more}`;
}

function settingFindings(hosts: readonly ExaminedHost[]): readonly Finding[] {
  const offloading = hosts.filter(({ rows }) => rows?.openVSwitch?.other_config.get("hw-offload") === "true");
  const inUserspace = hosts.flatMap((one) => {
    const port = bridgeOf(one)?.datapath_type === "netdev" ? one.host.ports.find(isVeth)?.fact.name : undefined;
    return port === undefined ? [] : [{ one, port }];
  });
  const ids = offloading.map(({ host }) => host.id);
  const userspaceIds = inUserspace.map(({ one }) => one.host.id);
  const [first] = inUserspace;
  return [
    ...(ids.length === 0
      ? []
      : [
          {
            ...({
              code: "host/hw-offload",
              severity: "note",
              ...hostsOf(ids),
              subject: "other_config:hw-offload",
            } as const),
            message: `flows of ${named(ids)} are offloaded to the network card: what it can't do is done by the kernel, slower, and counters may lag`,
            remedy:
              "where frames are lost or counted wrongly, try without (ovs-vswitchd must be restarted for it to count)",
            command: "ovs-vsctl remove open_vswitch . other_config hw-offload",
          },
        ]),
    ...(first === undefined
      ? []
      : [
          {
            ...({
              code: "host/userspace-checksums",
              severity: "note",
              ...hostsOf(userspaceIds),
              subject: first.port,
            } as const),
            message: `bridges of ${named(userspaceIds)} run in userspace, where TCP of guests behind veths, such as ${first.port}, is lost unless TX checksum offload is off at both ends: a database does not show it`,
            remedy:
              "only where ping works and TCP does not: the command for each such port, and the same on the guest's end",
            command: `ethtool -K ${shellWord(first.port)} tx off`,
          },
        ]),
  ];
}

function isVeth({ fact }: FabricPort): boolean {
  return fact.type === "" && fact.excluded === null;
}
