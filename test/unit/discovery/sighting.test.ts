// What a copied frame tells of its sender.
import { describe, expect, it } from "vitest";
import { ipv4ToBytes } from "../../../proto/bytes/ip.ts";
import { macToBytes } from "../../../proto/bytes/mac.ts";
import type { PacketIn } from "../../../proto/openflow13/index.ts";
import {
  encodeArp,
  encodeEthernet,
  encodeIpv6,
  encodeNeighborAdvertisement,
  internetChecksum,
  NO_ND_OPTIONS,
} from "../../../proto/packet/index.ts";
import { defenceFrame, questionFrame } from "../../../src/discovery/address-frames.ts";
import { type Sighting, sightingOf } from "../../../src/discovery/sighting.ts";

const MAC = "02:00:00:00:00:0a";
const OTHER = "02:00:00:00:00:0b";
const BROADCAST = "ff:ff:ff:ff:ff:ff";

function packetIn(data: Uint8Array, inPort = 3, metadata = 10n): PacketIn {
  return {
    kind: "packet_in",
    xid: 0,
    bufferId: 0xffff_ffff,
    totalLen: data.length,
    reason: 1,
    tableId: 10,
    cookie: 0n,
    match: [
      { field: "in_port", value: inPort },
      { field: "metadata", value: metadata },
    ],
    data,
  };
}

function seen(data: Uint8Array): Omit<Sighting, "vni" | "ofport" | "mac" | "router"> | null {
  const sighting = sightingOf(packetIn(data));
  if (sighting === null) return null;
  const { vni, ofport, mac, router, ...rest } = sighting;
  expect([vni, ofport, mac]).toEqual([10, 3, MAC]);
  return rest;
}

const frame = (etherType: number, payload: Uint8Array, source = MAC) =>
  encodeEthernet({ destination: BROADCAST, source, vlans: [], etherType }, payload);

const arp = (senderIp: string, targetIp: string, senderMac = MAC) =>
  frame(
    0x0806,
    encodeArp({ kind: "arp", operation: 1, senderMac, senderIp, targetMac: "00:00:00:00:00:00", targetIp }),
  );

interface Dhcp {
  readonly type: number;
  readonly reply?: boolean;
  readonly client?: string;
  readonly ciaddr?: string;
  readonly yiaddr?: string;
  readonly requested?: string;
}

function dhcp({ type, reply = false, client = MAC, ciaddr = "0.0.0.0", yiaddr = "0.0.0.0", requested }: Dhcp) {
  const message = new Uint8Array(256);
  message.set([reply ? 2 : 1, 1, 6, 0]);
  message.set(ipv4ToBytes(ciaddr), 12);
  message.set(ipv4ToBytes(yiaddr), 16);
  message.set(macToBytes(client), 28);
  message.set([0x63, 0x82, 0x53, 0x63, 53, 1, type], 236);
  message.set(requested === undefined ? [255] : [50, 4, ...ipv4ToBytes(requested), 255], 243);
  const packet = new Uint8Array(28 + message.length);
  const view = new DataView(packet.buffer);
  packet.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17]);
  view.setUint16(2, packet.length);
  packet.set(ipv4ToBytes(ciaddr), 12);
  packet.set(ipv4ToBytes("255.255.255.255"), 16);
  view.setUint16(10, internetChecksum(packet.subarray(0, 20)));
  view.setUint16(20, reply ? 67 : 68);
  view.setUint16(22, reply ? 68 : 67);
  view.setUint16(24, 8 + message.length);
  packet.set(message, 28);
  return frame(0x0800, packet);
}

describe("ARP", () => {
  it("shows its sender's address; an announcement names itself", () => {
    expect(seen(arp("10.0.0.1", "10.0.0.2"))).toEqual({ ip: "10.0.0.1", announces: false });
    expect(seen(arp("10.0.0.1", "10.0.0.1"))).toEqual({ ip: "10.0.0.1", announces: true });
  });

  it("shows none in a probe, or for another than its sender", () => {
    expect(seen(arp("0.0.0.0", "10.0.0.2"))).toEqual({ ip: null });
    expect(seen(arp("10.0.0.1", "10.0.0.2", OTHER))).toEqual({ ip: null });
  });
});

describe("a neighbour advertisement", () => {
  const advertisement = (solicited: boolean, override: boolean) => {
    const [source, destination] = ["fe80::a", "ff02::1"];
    const payload = encodeNeighborAdvertisement(source, destination, {
      kind: "neighbor_advertisement",
      router: false,
      solicited,
      override,
      target: source,
      options: { ...NO_ND_OPTIONS, targetMac: MAC },
    });
    return frame(0x86dd, encodeIpv6({ source, destination, protocol: 58, hopLimit: 255 }, payload));
  };

  it("announces when nobody asked for it, and claims nothing unless it overrides", () => {
    expect(seen(advertisement(false, true))).toEqual({ ip: "fe80::a", announces: true });
    expect(seen(advertisement(true, true))).toEqual({ ip: "fe80::a", announces: false });
    expect(seen(advertisement(false, false))).toEqual({ ip: null });
  });
});

describe("DHCP", () => {
  it("of a client that renews shows the address it has; one that asks for a first shows none", () => {
    expect(seen(dhcp({ type: 3, ciaddr: "10.0.0.1" }))).toEqual({ ip: "10.0.0.1" });
    expect(seen(dhcp({ type: 3, requested: "10.0.0.1" }))).toEqual({ ip: null });
    expect(seen(dhcp({ type: 1 }))).toEqual({ ip: null });
  });

  it("of a client that gives its address up shows that; in another's name it shows nothing", () => {
    expect(seen(dhcp({ type: 7, ciaddr: "10.0.0.1" }))).toEqual({ ip: null, releases: "10.0.0.1" });
    expect(seen(dhcp({ type: 4, requested: "10.0.0.1" }))).toEqual({ ip: null, releases: "10.0.0.1" });
    expect(seen(dhcp({ type: 7, ciaddr: "10.0.0.1", client: OTHER }))).toEqual({ ip: null });
  });

  it("of a server shows what it gives, when it has given it", () => {
    const given = { reply: true, client: OTHER, yiaddr: "10.0.0.1" };
    expect(seen(dhcp({ type: 5, ...given }))).toEqual({ ip: null, lease: { mac: OTHER, ip: "10.0.0.1" } });
    expect(seen(dhcp({ type: 2, ...given }))).toEqual({ ip: null });
  });
});

describe("frames of Weft's own about an address", () => {
  it("ask without claiming it", () => {
    expect(seen(questionFrame("10.0.0.1", MAC) ?? new Uint8Array())).toEqual({ ip: null });
    expect(questionFrame("fe80::1", MAC)).toBeNull();
  });

  it("defend it as its holder would", () => {
    const frame = defenceFrame("10.0.0.1", MAC, 0);
    expect(seen(frame ?? new Uint8Array())).toEqual({ ip: "10.0.0.1", announces: true });
    const tagged = defenceFrame("10.0.0.1", MAC, 20);
    expect([...(tagged ?? []).slice(12, 16)]).toEqual([0x81, 0, 0, 20]);
    expect(defenceFrame("fe80::1", MAC, 0)).toBeNull();
  });
});

it("a frame without a network, a port or a station's source is no sighting", () => {
  expect(sightingOf(packetIn(arp("10.0.0.1", "10.0.0.2"), 0))).toBeNull();
  expect(sightingOf(packetIn(arp("10.0.0.1", "10.0.0.2"), 3, 0n))).toBeNull();
  expect(sightingOf(packetIn(frame(0x0800, new Uint8Array(20), "01:00:5e:00:00:01")))).toBeNull();
  expect(sightingOf(packetIn(new Uint8Array(5)))).toBeNull();
});
