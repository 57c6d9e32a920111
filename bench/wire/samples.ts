// The messages that are measured: packet-ins as Open vSwitch sends them, flow-mods as Weft does, and a large monitor reply.
import { encode, type FlowMod, type OxmTlv, type PacketIn } from "../../proto/openflow13/index.ts";

/** Different enough that no branch is always the same: ports, cookies, addresses, and half of them from tunnels. */
export function packetIns(count: number): PacketIn[] {
  return Array.from({ length: count }, (_, i) => {
    const data = new Uint8Array(i % 3 === 0 ? 42 : 98).fill(i & 0xff);
    data.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0a, 0, 0, 0, i >>> 8, i & 0xff, 0x08, i % 3 === 0 ? 6 : 0]);
    const match: OxmTlv[] = [{ field: "in_port", value: 1 + (i % 200) }];
    if (i % 2 === 1) {
      match.push({ field: "metadata", value: BigInt(i % 5000) }, { field: "tunnel_id", value: BigInt(i % 4096) });
    }
    return {
      kind: "packet_in",
      xid: 0,
      bufferId: 0xffffffff,
      totalLen: data.length,
      reason: 1,
      tableId: 10,
      cookie: 0x5745_0000_0000_0000n + BigInt(i),
      match,
      data,
    };
  });
}

/** One flow for each endpoint, as FORWARD and DELIVER hold them. */
export function flowMods(count: number): FlowMod[] {
  return Array.from({ length: count }, (_, i) => ({
    kind: "flow_mod",
    xid: i,
    cookie: 0x5745_0300_0000_0000n + BigInt(i),
    cookieMask: 0n,
    tableId: 30,
    command: "add",
    idleTimeoutSec: 0,
    hardTimeoutSec: 0,
    priority: 100,
    bufferId: 0xffffffff,
    outPort: 0xffffffff,
    outGroup: 0xffffffff,
    flags: 0,
    match: [
      { field: "metadata", value: BigInt(4095 - (i % 7)) },
      { field: "eth_dst", value: 0x0a0000000000n + BigInt(i) },
    ],
    instructions: [
      {
        kind: "apply_actions",
        actions: [
          { kind: "set_field", field: { field: "tunnel_id", value: BigInt(i % 4096) } },
          { kind: "group", groupId: 0x10000 + (i % 500) },
        ],
      },
    ],
  }));
}

/** All messages in one buffer, and where each begins and the last one ends. */
export function packed(messages: readonly Parameters<typeof encode>[0][]): { buffer: Uint8Array; at: number[] } {
  const parts = messages.map((message) => encode(message));
  const at = [0];
  for (const part of parts) at.push((at.at(-1) ?? 0) + part.length);
  return { buffer: Uint8Array.from(Buffer.concat(parts)), at };
}

function uuid(i: number, kind: number): string {
  return `${kind.toString(16).padStart(8, "0")}-0000-4000-8000-${i.toString(16).padStart(12, "0")}`;
}

/** The result of `monitor_cond_since` for a host with very many interfaces: about `bytes` of text. */
export function monitorReply(bytes: number, id: number): string {
  const rows: Record<string, unknown> = {};
  let size = 0;
  for (let i = 0; size < bytes; i++) {
    const row = {
      initial: {
        name: `tap${i}`,
        type: "internal",
        ofport: i,
        mac_in_use: `0a:00:00:00:${((i >> 8) & 0xff).toString(16).padStart(2, "0")}:${(i & 0xff).toString(16).padStart(2, "0")}`,
        admin_state: "up",
        link_state: "up",
        mtu: 1500,
        external_ids: [
          "map",
          [
            ["attached-mac", `0a:00:00:01:00:${(i & 0xff).toString(16).padStart(2, "0")}`],
            ["iface-id", uuid(i, 7)],
            ["vm-uuid", uuid(i, 8)],
          ],
        ],
        options: ["map", []],
        status: ["map", [["driver_name", "tun"]]],
      },
    };
    rows[uuid(i, 1)] = row;
    size += JSON.stringify(row).length + 40;
  }
  const result = [false, uuid(1, 9), { Interface: rows }];
  return JSON.stringify({ id, error: null, result });
}
