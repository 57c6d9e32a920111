// The network between the hosts: a Linux bridge in a namespace of its own, and one link from it to the controller.
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { inNamespace, ipBatch, run } from "./command.ts";
import { setKernel } from "./host-start.ts";
import { LabError } from "./lab-error.ts";
import { controlAliasOf, controlLinkOf, underlayNamespaceOf } from "./names.ts";
import { markOf } from "./processes.ts";
import type { LabState } from "./state.ts";
import {
  controllerIpOf,
  formatSubnet,
  IPV6_PREFIX_LENGTH,
  overlaps,
  parseSubnet,
  type Subnet,
  subnetCandidates,
} from "./subnet.ts";

/** The bridge that all hosts' NICs are plugged into. */
export const underlayBridge = "br0";

const routeList = z.array(z.object({ dst: z.string(), dev: z.string().optional() }));

/** The subnets that this machine has routes to, without those over one of its links. */
async function takenSubnets(exceptLink: string): Promise<Subnet[]> {
  const { stdout } = await run(["ip", "-j", "-4", "route", "show", "table", "main"]);
  return routeList
    .parse(JSON.parse(stdout.trim() === "" ? "[]" : stdout))
    .filter((route) => route.dst !== "default" && route.dev !== exceptLink)
    .map((route) => parseSubnet(route.dst));
}

/** Makes the bridge and the control link. The bridge has its own namespace: the machine's firewall does not filter it. */
export async function makeUnderlay(dir: string, state: LabState): Promise<void> {
  const namespace = underlayNamespaceOf(state.name);
  const link = controlLinkOf(state.name);
  await ipBatch([
    `netns add ${namespace}`,
    `link add ${underlayBridge} netns ${namespace} type bridge forward_delay 0 stp_state 0`,
    `link add ${link} mtu ${state.underlayMtu} type veth peer name ctrl mtu ${state.underlayMtu} netns ${namespace}`,
    `link set ${link} alias ${controlAliasOf(state.name)}`,
  ]);
  silenceIpv6(link);
  const script = [
    "set -e",
    setKernel({
      "ipv6/conf/default/disable_ipv6": 1,
      "ipv6/conf/all/disable_ipv6": 1,
      "bridge/bridge-nf-call-iptables": 0,
      "bridge/bridge-nf-call-arptables": 0,
    }),
    `ip link set ${underlayBridge} mtu ${state.underlayMtu} up`,
    `ip link set ctrl master ${underlayBridge} up`,
  ].join("\n");
  await run(inNamespace(namespace, ["sh", "-c", script]), { env: markOf(dir) });
  await run(["ethtool", "-K", link, "tx", "off"]);
  await ipBatch([`link set ${link} up`]);
}

/** Its address in an underlay of IPv6, beside the other one, by which labs keep apart. */
export async function addIpv6(labName: string, ip: string): Promise<void> {
  const link = controlLinkOf(labName);
  writeFileSync(`/proc/sys/net/ipv6/conf/${link}/disable_ipv6`, "0");
  await ipBatch([`addr add ${ip}/${IPV6_PREFIX_LENGTH} dev ${link} nodad`]);
}

function silenceIpv6(link: string): void {
  try {
    writeFileSync(`/proc/sys/net/ipv6/conf/${link}/disable_ipv6`, "1");
  } catch {
    // A kernel without IPv6 is silent already.
  }
}

/**
 * Gives the controller its address in a subnet that nothing else on the machine uses. The kernel is the arbiter between
 * labs that start at once: each takes an address first, looks second, and moves on when it is not alone.
 */
export async function takeSubnet(name: string, wanted: Subnet | undefined): Promise<Subnet> {
  const link = controlLinkOf(name);
  for (const subnet of wanted === undefined ? subnetCandidates(name) : [wanted]) {
    const isTaken = async (): Promise<boolean> => (await takenSubnets(link)).some((other) => overlaps(other, subnet));
    if (await isTaken()) continue;
    const address = `${controllerIpOf(subnet)}/${subnet.prefixLength}`;
    await ipBatch([`addr add ${address} dev ${link}`]);
    if (!(await isTaken())) return subnet;
    await ipBatch([`addr del ${address} dev ${link}`]);
  }
  const text = wanted === undefined ? "every subnet of 172.31.0.0/16" : formatSubnet(wanted);
  throw new LabError("lab/subnet", `${text} is in use on this machine: give the lab another subnet`, {
    context: { name },
  });
}
