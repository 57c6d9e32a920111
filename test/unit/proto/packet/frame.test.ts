import { describe, expect, it } from "vitest";
import { fromHex } from "../../../../proto/bytes/hex.ts";
import { decodeFrame, type EthernetFrame, encodeEthernet } from "../../../../proto/packet/index.ts";
import * as vectors from "./vectors.ts";

function ethernet(bytes: Uint8Array): EthernetFrame {
  const frame = decodeFrame(bytes);
  if (frame.kind !== "ethernet") throw new Error(`decoded as ${frame.kind}`);
  return frame;
}

describe("decodeFrame", () => {
  it("reads an ARP request and its reply", () => {
    expect(ethernet(vectors.ARP_REQUEST_FRAME)).toEqual({
      kind: "ethernet",
      ethernet: { destination: "ff:ff:ff:ff:ff:ff", source: "02:00:00:00:00:01", vlans: [], etherType: 0x0806 },
      payload: {
        kind: "arp",
        operation: 1,
        senderMac: "02:00:00:00:00:01",
        senderIp: "10.9.0.1",
        targetMac: "00:00:00:00:00:00",
        targetIp: "10.9.0.2",
      },
      truncated: false,
    });
    expect(ethernet(vectors.ARP_REPLY_FRAME).payload).toMatchObject({ operation: 2, senderIp: "10.9.0.2" });
  });

  it("reads a neighbour solicitation with the sender's MAC", () => {
    expect(ethernet(vectors.NS_FRAME)).toMatchObject({
      truncated: false,
      payload: {
        kind: "ipv6",
        source: "fd00::1",
        destination: "ff02::1:ff00:2",
        hopLimit: 255,
        payload: {
          kind: "neighbor_solicitation",
          target: "fd00::2",
          options: { sourceMac: "02:00:00:00:00:01", targetMac: null },
        },
      },
    });
  });

  it("reads duplicate address detection, which comes from no address and carries a nonce", () => {
    expect(ethernet(vectors.DAD_FRAME).payload).toMatchObject({
      source: "::",
      payload: { kind: "neighbor_solicitation", target: "fe80::ff:fe00:1", options: { sourceMac: null } },
    });
  });

  it("reads a neighbour advertisement with its flags", () => {
    expect(ethernet(vectors.NA_FRAME).payload).toMatchObject({
      payload: {
        kind: "neighbor_advertisement",
        router: false,
        solicited: true,
        override: true,
        target: "fd00::2",
        options: { targetMac: "02:00:00:00:00:02" },
      },
    });
  });

  it("reads router solicitations and advertisements with MTU and prefix", () => {
    expect(ethernet(vectors.RS_FRAME).payload).toMatchObject({
      payload: { kind: "router_solicitation", options: { sourceMac: "02:00:00:00:00:01" } },
    });
    expect(ethernet(vectors.RA_FRAME)).toMatchObject({
      truncated: false,
      payload: {
        payload: {
          kind: "router_advertisement",
          hopLimit: 64,
          managed: true,
          otherConfig: true,
          lifetimeSec: 1800,
          options: {
            sourceMac: "02:00:00:00:00:09",
            mtu: 1450,
            prefixes: [{ prefix: "2001:db8::", prefixLength: 64, onLink: true, autonomous: true }],
          },
        },
      },
    });
  });

  it("reads what a DHCP request asks for and what an ACK gives", () => {
    expect(ethernet(vectors.DHCP_REQUEST_FRAME)).toMatchObject({
      truncated: false,
      payload: {
        kind: "ipv4",
        payload: {
          kind: "udp",
          sourcePort: 68,
          destinationPort: 67,
          payload: {
            kind: "dhcpv4",
            operation: "request",
            transactionId: 0x3903f326,
            messageType: "request",
            clientMac: "02:00:00:00:00:01",
            clientIp: "0.0.0.0",
            yourIp: "0.0.0.0",
            requestedIp: "10.9.0.1",
            serverId: "10.9.0.254",
          },
        },
      },
    });
    expect(ethernet(vectors.DHCP_ACK_FRAME).payload).toMatchObject({
      payload: { payload: { operation: "reply", messageType: "ack", yourIp: "10.9.0.1", requestedIp: null } },
    });
  });

  it("reads LLDP with the TLVs that have no field of their own", () => {
    expect(ethernet(vectors.LLDP_FRAME)).toMatchObject({
      truncated: false,
      payload: {
        kind: "lldp",
        chassisId: { subtype: 4, bytes: fromHex("020000000001") },
        portId: { subtype: 7, bytes: fromHex("67726533") },
        ttlSec: 120,
        tlvs: [
          { type: 5, bytes: fromHex("6c656166") },
          { type: 127, bytes: fromHex("00120f01abcd") },
        ],
      },
    });
  });

  it("reads up to two VLAN tags, outermost first, and leaves a third alone", () => {
    const arp = vectors.ARP_REQUEST_FRAME;
    const tagged = (tags: string) => Uint8Array.of(...arp.subarray(0, 12), ...fromHex(tags), ...arp.subarray(12));
    expect(ethernet(tagged("8100 b00a"))).toMatchObject({
      ethernet: { etherType: 0x0806, vlans: [{ tpid: 0x8100, id: 10, priority: 5, dropEligible: true }] },
      payload: { kind: "arp" },
    });
    expect(ethernet(tagged("88a8 0064 8100 0014"))).toMatchObject({
      ethernet: {
        vlans: [
          { tpid: 0x88a8, id: 100 },
          { tpid: 0x8100, id: 20 },
        ],
      },
      payload: { kind: "arp" },
    });
    expect(ethernet(tagged("8100 0001 8100 0002 8100 0003"))).toMatchObject({
      ethernet: { etherType: 0x8100, vlans: [{ id: 1 }, { id: 2 }] },
      payload: { kind: "raw" },
      truncated: false,
    });
  });

  it("takes ARP for other protocols, and frames of unknown type, as raw", () => {
    const bytes = vectors.ARP_REQUEST_FRAME.slice();
    bytes[16] = 0x86;
    expect(ethernet(bytes)).toMatchObject({ payload: { kind: "raw" }, truncated: false });
    bytes[12] = 0x12;
    expect(ethernet(bytes)).toMatchObject({ payload: { kind: "raw" }, truncated: false });
  });

  it("ignores the padding after an IPv4 packet's total length", () => {
    const padded = Uint8Array.of(...vectors.DHCP_ACK_FRAME, 0, 0, 0, 0, 0);
    expect(ethernet(padded)).toEqual(ethernet(vectors.DHCP_ACK_FRAME));
  });

  it("does not look into fragments", () => {
    const first = vectors.DHCP_ACK_FRAME.slice();
    first[20] = 0x20;
    expect(ethernet(first).payload).toMatchObject({ fragment: true, payload: { kind: "raw" } });
  });

  it("does not look into a datagram whose header contradicts itself", () => {
    const shortHeader = vectors.DHCP_ACK_FRAME.slice();
    shortHeader[14] = 0x44;
    expect(ethernet(shortHeader).payload.kind).toBe("raw");
    const shortTotal = vectors.DHCP_ACK_FRAME.slice();
    shortTotal.set([0, 19], 16);
    expect(ethernet(shortTotal).payload.kind).toBe("raw");
    const shortUdp = vectors.DHCP_ACK_FRAME.slice();
    shortUdp.set([0, 7], 38);
    expect(ethernet(shortUdp).payload).toMatchObject({ kind: "ipv4", payload: { kind: "raw" } });
  });

  it("keeps the whole options of a DHCP message that was cut inside them", () => {
    const frame = ethernet(vectors.DHCP_REQUEST_FRAME.subarray(0, 14 + 28 + 240 + 6));
    expect(frame).toMatchObject({
      truncated: true,
      payload: { payload: { payload: { messageType: "request", requestedIp: null } } },
    });
  });
});

describe("IPv6 extension headers", () => {
  const ns = vectors.NS_FRAME;
  const withExtensions = (first: number, extensions: string) => {
    const extra = fromHex(extensions);
    const bytes = Uint8Array.of(...ns.subarray(0, 54), ...extra, ...ns.subarray(54));
    bytes[20] = first;
    bytes[19] = 32 + extra.length;
    return bytes;
  };

  it("are walked past", () => {
    const bytes = withExtensions(0, "3c 00 010400000000  3a 01 0104000000000000000000000000");
    expect(ethernet(bytes)).toMatchObject({
      truncated: false,
      payload: { protocol: 58, fragment: false, payload: { kind: "neighbor_solicitation" } },
    });
  });

  it("stop the walk at a fragment", () => {
    expect(ethernet(withExtensions(44, "3a 00 0000 00000001")).payload).toMatchObject({
      fragment: true,
      protocol: 58,
      payload: { kind: "raw" },
    });
  });

  it("end the walk when they are longer than the packet", () => {
    expect(ethernet(withExtensions(0, "3a ff 010400000000"))).toMatchObject({
      truncated: true,
      payload: { protocol: 0, payload: { kind: "raw" } },
    });
  });

  it("end the walk when there are too many", () => {
    const many = `${"3c 00 010400000000".repeat(8)}3a 00 010400000000`;
    expect(ethernet(withExtensions(60, many))).toMatchObject({
      truncated: false,
      payload: { protocol: 60, payload: { kind: "raw" } },
    });
  });

  it("leave neighbour discovery alone when an option has length zero", () => {
    const bytes = ns.slice();
    bytes[79] = 0;
    expect(ethernet(bytes)).toMatchObject({
      truncated: false,
      payload: { payload: { kind: "neighbor_solicitation", options: { sourceMac: null } } },
    });
  });
});

describe("encodeEthernet", () => {
  it("writes tags outermost first and pads to 60 bytes", () => {
    const bytes = encodeEthernet(
      {
        destination: "ff:ff:ff:ff:ff:ff",
        source: "02:00:00:00:00:01",
        vlans: [{ tpid: 0x8100, id: 10, priority: 5, dropEligible: true }],
        etherType: 0x1234,
      },
      Uint8Array.of(1),
    );
    expect(bytes).toEqual(fromHex(`ffffffffffff 020000000001 8100 b00a 1234 01 ${"00".repeat(41)}`));
  });

  it("refuses a VLAN id that does not fit", () => {
    const vlans = [{ tpid: 0x8100, id: 4096, priority: 7, dropEligible: true }];
    const header = { destination: "ff:ff:ff:ff:ff:ff", source: "02:00:00:00:00:01", vlans, etherType: 0x0800 };
    expect(() => encodeEthernet(header, new Uint8Array())).toThrow(/does not fit/);
    const low = [{ tpid: 0x8100, id: 4096, priority: 0, dropEligible: false }];
    expect(() => encodeEthernet({ ...header, vlans: low }, new Uint8Array())).toThrow(/does not fit/);
  });
});
