// Random frames out of small pools of values, so that flows written for the same pools match them.
import fc from "fast-check";
import {
  arpFrame,
  type Frame,
  ipv4Frame,
  ipv6Frame,
  rawFrame,
  type Transport,
  vlanTag,
} from "../../src/trace/index.ts";

export interface FramePools {
  readonly macs: readonly string[];
  readonly vlans: readonly number[];
}

export const IPV4 = ["10.0.0.1", "10.0.0.2", "10.0.0.3"] as const;
export const IPV6 = ["fe80::1", "fe80::2", "fd00::3"] as const;
export const PORTS = [67, 68, 4789] as const;

const rest = (length: number): Uint8Array => new Uint8Array(length).fill(0x55);

/** TCP wants its data offset to be right, or Open vSwitch does not look at the ports. */
function tcpRest(): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[8] = 0x50;
  return bytes;
}

function udpRest(): Uint8Array {
  return Uint8Array.of(0, 8 + 4, 0, 0, 1, 2, 3, 4);
}

function transports(version: 4 | 6): fc.Arbitrary<{ readonly protocol: number; readonly transport: Transport }> {
  const port = fc.constantFrom(...PORTS);
  const ports = (protocol: number, tail: () => Uint8Array) =>
    fc.record({ source: port, destination: port }).map((fields) => ({
      protocol,
      transport: { kind: "ports" as const, ...fields, rest: tail() },
    }));
  const icmp = (protocol: number, types: readonly number[]) =>
    fc
      .constantFrom(...types)
      .map((type) => ({ protocol, transport: { kind: "icmp" as const, type, code: 0, rest: rest(8) } }));
  const other = fc.constant({ protocol: 253, transport: { kind: "raw" as const, bytes: rest(20) } });
  if (version === 4) return fc.oneof(ports(6, tcpRest), ports(17, udpRest), icmp(1, [0, 8]), other);
  const neighbor = fc
    .record({ type: fc.constantFrom(135 as const, 136 as const), target: fc.constantFrom(...IPV6), mac: fc.boolean() })
    .map(({ type, target, mac }) => {
      const macs = {
        sourceMac: type === 135 && mac ? "02:00:00:00:00:0a" : null,
        targetMac: type === 136 && mac ? "02:00:00:00:00:0b" : null,
      };
      return {
        protocol: 58,
        transport: { kind: "nd" as const, type, flags: 0, target, ...macs, otherOptions: new Uint8Array(0) },
      };
    });
  return fc.oneof(
    { weight: 3, arbitrary: neighbor },
    ports(6, tcpRest),
    ports(17, udpRest),
    icmp(58, [128, 133]),
    other,
  );
}

export function frames({ macs, vlans }: FramePools): fc.Arbitrary<Frame> {
  const tag = fc
    .record({
      id: fc.constantFrom(...vlans),
      priority: fc.constantFrom(0, 0, 5),
      tpid: fc.constantFrom(0x8100, 0x8100, 0x88a8),
    })
    .map(({ id, priority, tpid }) => vlanTag(id, { priority, tpid }));
  const header = fc.record({
    source: fc.constantFrom(...macs),
    destination: fc.constantFrom(...macs, "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "01:80:c2:00:00:0e"),
    vlans: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 4, arbitrary: fc.array(tag, { minLength: 1, maxLength: 1 }) },
      { weight: 1, arbitrary: fc.array(tag, { minLength: 2, maxLength: 2 }) },
    ),
  });
  const v4 = fc.constantFrom(...IPV4);
  const v6 = fc.constantFrom(...IPV6);
  const arp = fc.record({
    operation: fc.constantFrom(1, 2),
    senderIp: v4,
    targetIp: v4,
    senderMac: fc.constantFrom(...macs),
  });
  return header.chain((base) =>
    fc.oneof(
      arp.map((fields) => arpFrame({ ...base, ...fields })),
      fc
        .record({ source: v4, destination: v4, ttl: fc.constantFrom(1, 2, 64), more: transports(4) })
        .map(({ more, ...ip }) => ipv4Frame({ ...base, ip: { ...ip, ...more } })),
      fc
        .record({ source: v6, destination: v6, ttl: fc.constantFrom(1, 255), more: transports(6) })
        .map(({ more, ...ip }) => ipv6Frame({ ...base, ip: { ...ip, ...more } })),
      fc
        .constantFrom(0x88b5, 0x8847)
        .map((etherType) =>
          rawFrame({ ...base, etherType: etherType === 0x8847 ? 0x88b6 : etherType, bytes: rest(30) }),
        ),
    ),
  );
}
