// Sends a frame of any content from a guest. Node has no raw sockets; python3 comes with Open vSwitch's own packages.
import type { Guest } from "../../src/lab/index.ts";
import { arpFrame, type Frame, frameToBytes, ipv6Frame, vlanTag } from "../../src/trace/index.ts";

export const ARP_REQUEST = 1;
export const ARP_REPLY = 2;

const SEND = `import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
s.send(bytes.fromhex(sys.argv[2]))`;

export async function sendFrame(from: Guest, frame: Frame): Promise<void> {
  const hex = Buffer.from(frameToBytes(frame)).toString("hex");
  await from.exec(["/usr/bin/python3", "-c", SEND, from.device, hex]);
}

interface Tagged {
  readonly vlan?: number;
}

const tags = ({ vlan }: Tagged) => (vlan === undefined ? [] : [vlanTag(vlan)]);

/** A broadcast ARP packet of the guest's own MAC; a request unless told otherwise. */
export function sendArp(
  from: Guest,
  fields: Tagged & { readonly operation?: number; readonly senderIp: string; readonly targetIp: string },
): Promise<void> {
  const { operation = ARP_REQUEST, senderIp, targetIp } = fields;
  const destination = "ff:ff:ff:ff:ff:ff";
  return sendFrame(
    from,
    arpFrame({ source: from.mac, destination, vlans: tags(fields), operation, senderIp, targetIp }),
  );
}

/** @param fields.option whether the guest's MAC is in it, as it is but for optimistic addresses (RFC 4429). */
export function sendSolicitation(
  from: Guest,
  fields: Tagged & { readonly source: string; readonly target: string; readonly option?: boolean },
): Promise<void> {
  const { source, target, option = true } = fields;
  // The solicited-node addresses of targets like fd00::2.
  const low = Number.parseInt(target.split("::")[1] ?? "0", 16) & 0xffff;
  const transport = {
    kind: "nd" as const,
    type: 135 as const,
    flags: 0,
    target,
    sourceMac: option ? from.mac : null,
    targetMac: null,
    otherOptions: new Uint8Array(),
  };
  const hex = low.toString(16).padStart(4, "0");
  const destination = `33:33:ff:00:${hex.slice(0, 2)}:${hex.slice(2)}`;
  const ip = { source, destination: `ff02::1:ff00:${low.toString(16)}`, transport };
  return sendFrame(from, ipv6Frame({ source: from.mac, destination, vlans: tags(fields), ip }));
}
