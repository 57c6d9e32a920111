// Where OpenFlow 1.3 has what a load generator looks at, and the packet-ins it sends: bytes, without the cost of values.
import { encode, OFP_NO_BUFFER } from "../../proto/openflow13/index.ts";

export const TYPE = {
  echoRequest: 2,
  echoReply: 3,
  experimenter: 4,
  packetOut: 13,
  flowMod: 14,
  groupMod: 15,
  multipartRequest: 18,
  barrierRequest: 20,
  barrierReply: 21,
  meterMod: 29,
} as const;

export const ONF = 0x4f4e4600;
export const BUNDLE = { control: 2300, add: 2301 } as const;
/** Of a bundle control message; each answer is the request plus one. */
export const BUNDLE_CONTROL = { open: 0, close: 2, commit: 4, discard: 6 } as const;
/** Where the message within a BUNDLE_ADD begins. */
export const BUNDLED_AT = 24;

/** Of a flow-mod, from its first byte. */
export const FLOW_MOD = { table: 24, command: 25, priority: 30, match: 48 } as const;
export const COMMAND = { add: 0, modify: 1, modifyStrict: 2, delete: 3, deleteStrict: 4 } as const;

export const MULTIPART = { flow: 1, aggregate: 2 } as const;

/** OXM headers without the length: class 0x8000 and the field, without a mask. */
const OXM_ETH_DST = 0x8000_06;
const OXM_ETH_SRC = 0x8000_08;

/**
 * MACs of a load: 06:5e, the switch, and 24 bits that count. As a number: switch * 2^24 + count.
 * @returns -1 for a MAC that is none of these
 */
function loadMacAt(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== 0x06 || bytes[at + 1] !== 0x5e) return -1;
  const [sw = 0, a = 0, b = 0, c = 0] = [bytes[at + 2], bytes[at + 3], bytes[at + 4], bytes[at + 5]];
  return sw * 0x100_0000 + (a << 16) + (b << 8) + c;
}

/** The load's MAC that a flow-mod's match names: as source if it names one, else as destination; -1 for none. */
export function namedMac(bytes: Uint8Array, flowMod: number, as: "source" | "either"): number {
  const match = flowMod + FLOW_MOD.match;
  const end = match + (((bytes[match + 2] ?? 0) << 8) | (bytes[match + 3] ?? 0));
  let destination = -1;
  for (let at = match + 4; at + 4 <= end; ) {
    const header = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    if (header === OXM_ETH_SRC) {
      const mac = loadMacAt(bytes, at + 4);
      if (mac >= 0) return mac;
    } else if (header === OXM_ETH_DST) destination = loadMacAt(bytes, at + 4);
    at += 4 + (bytes[at + 3] ?? 0);
  }
  return as === "either" ? destination : -1;
}

export function macText(switchNumber: number, count: number): string {
  const bytes = [0x06, 0x5e, switchNumber, (count >>> 16) & 0xff, (count >>> 8) & 0xff, count & 0xff];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

const FRAME_BYTES = 60;
/** OFPR_ of a table-miss flow, and of an action. */
export const REASON = { tableMiss: 0, action: 1 } as const;

export interface PacketInTemplate {
  readonly bytes: Uint8Array;
  /** Where the three bytes of the source's count stand. */
  readonly countAt: number;
}

/**
 * A packet-in of a small UDP frame from one MAC of the load to another. Learning switches heed a table miss alone.
 * @param to the count of the MAC it goes to, on the same switch
 */
export function packetInTemplate(options: {
  readonly switchNumber: number;
  readonly inPort: number;
  readonly reason: number;
  readonly tableId: number;
  readonly metadata: number;
  readonly cookie: bigint;
  readonly to: number;
}): PacketInTemplate {
  const { switchNumber, inPort, reason, tableId, metadata, cookie, to } = options;
  const data = new Uint8Array(FRAME_BYTES);
  const mac = (count: number) => [0x06, 0x5e, switchNumber, count >>> 16, (count >>> 8) & 0xff, count & 0xff];
  data.set([...mac(to), ...mac(0), 0x08, 0x00], 0);
  // IPv4, 46 bytes, UDP from 192.0.2.1 to 192.0.2.2; nobody looks at the checksums.
  data.set([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0x30, 0x39, 0x30, 0x3a, 0, 26], 14);
  const bytes = encode({
    kind: "packet_in",
    xid: 0,
    bufferId: OFP_NO_BUFFER,
    totalLen: data.length,
    reason,
    tableId,
    cookie,
    match: [
      { field: "in_port", value: inPort },
      { field: "metadata", value: BigInt(metadata) },
    ],
    data,
  });
  return { bytes, countAt: bytes.length - FRAME_BYTES + 9 };
}
