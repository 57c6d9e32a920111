// A frame on its way through a simulated switch: its bytes, the tags that are parsed, and what tables have written beside it.
import { internetChecksum } from "../../../proto/packet/index.ts";

/** TPID in the upper 16 bits, TCI in the lower. */
export type Tag = number;

const MAX_TAGS = 2;
const TPIDS: ReadonlySet<number> = new Set([0x8100, 0x88a8]);
export const REGISTERS = 16;
const HEADER = 14;
const NO_REGISTERS: readonly bigint[] = Object.freeze(new Array<bigint>(REGISTERS).fill(0n));

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}

/** What came with a frame out of a tunnel, or is to go with it into one. */
export interface TunnelFields {
  readonly id: bigint;
  /** The outer addresses, IPv4 as 32 bits, IPv6 as 128; 0 for none. */
  readonly sourceV4: bigint;
  readonly targetV4: bigint;
  readonly sourceV6: bigint;
  readonly targetV6: bigint;
}

export const NO_TUNNEL: TunnelFields = Object.freeze({
  id: 0n,
  sourceV4: 0n,
  targetV4: 0n,
  sourceV6: 0n,
  targetV6: 0n,
});

/** The places of the layers in `bytes`; -1 where the frame has none. */
interface Layers {
  readonly ipv4: number;
  readonly ipv6: number;
  readonly arp: number;
  readonly protocol: number;
  /** Where TCP, UDP or ICMP begins; -1 in a fragment too. */
  readonly transport: number;
}

const NO_LAYERS: Layers = Object.freeze({ ipv4: -1, ipv6: -1, arp: -1, protocol: 0, transport: -1 });
/** IPv6 extension headers that are walked over. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);
const FRAGMENT = 44;

function layersOf(bytes: Uint8Array): Layers {
  const type = u16(bytes, 12);
  if (type === 0x0806 && bytes.length >= HEADER + 28) return { ...NO_LAYERS, arp: HEADER };
  if (type === 0x0800 && bytes.length >= HEADER + 20) {
    const length = ((bytes[HEADER] ?? 0) & 0xf) * 4;
    const isFragment = (u16(bytes, HEADER + 6) & 0x3fff) !== 0;
    const fits = length >= 20 && bytes.length >= HEADER + length;
    const transport = fits && !isFragment ? HEADER + length : -1;
    return { ...NO_LAYERS, ipv4: HEADER, protocol: bytes[HEADER + 9] ?? 0, transport };
  }
  if (type !== 0x86dd || bytes.length < HEADER + 40) return NO_LAYERS;
  let [protocol, at] = [bytes[HEADER + 6] ?? 0, HEADER + 40];
  while (EXTENSIONS.has(protocol) && at + 8 <= bytes.length) {
    protocol = bytes[at] ?? 0;
    at += ((bytes[at + 1] ?? 0) + 1) * 8;
  }
  if (protocol !== FRAGMENT) return { ...NO_LAYERS, ipv6: HEADER, protocol, transport: at };
  return { ...NO_LAYERS, ipv6: HEADER, protocol: bytes[at] ?? 0, transport: -1 };
}

export class Packet {
  /** Without the tags that are parsed. */
  bytes: Uint8Array;
  tags: readonly Tag[];
  inPort: number;
  metadata = 0n;
  tunnel: TunnelFields;
  registers: readonly bigint[] = NO_REGISTERS;
  #layers: Layers | undefined;
  #isShared: boolean;
  #needsChecksums = false;

  /** @param parsedTags how many tags of a frame the switch looks behind (`other_config:vlan-limit`) */
  static arrived(frame: Uint8Array, inPort: number, tunnel: TunnelFields, parsedTags: number): Packet {
    const tags: Tag[] = [];
    let at = 12;
    while (tags.length < parsedTags && at + 4 < frame.length && TPIDS.has(u16(frame, at))) {
      tags.push(((u16(frame, at) << 16) | u16(frame, at + 2)) >>> 0);
      at += 4;
    }
    if (tags.length === 0) return new Packet(frame, tags, inPort, tunnel, true);
    const bytes = new Uint8Array(frame.length - tags.length * 4);
    bytes.set(frame.subarray(0, 12));
    bytes.set(frame.subarray(at), 12);
    return new Packet(bytes, tags, inPort, tunnel, false);
  }

  private constructor(
    bytes: Uint8Array,
    tags: readonly Tag[],
    inPort: number,
    tunnel: TunnelFields,
    isShared: boolean,
  ) {
    this.bytes = bytes;
    this.tags = tags;
    this.inPort = inPort;
    this.tunnel = tunnel;
    this.#isShared = isShared;
  }

  /** Another packet of the same content, on which nothing that is written to this one shows. */
  copy(): Packet {
    this.#isShared = true;
    const packet = new Packet(this.bytes, this.tags, this.inPort, this.tunnel, true);
    packet.metadata = this.metadata;
    packet.registers = this.registers;
    packet.#layers = this.#layers;
    packet.#needsChecksums = this.#needsChecksums;
    return packet;
  }

  get layers(): Layers {
    this.#layers ??= layersOf(this.bytes);
    return this.#layers;
  }

  get etherType(): number {
    return u16(this.bytes, 12);
  }

  /** Bytes of the frame, for writing; what is checked by checksums is summed again when the frame leaves. */
  writable(): Uint8Array {
    if (this.#isShared) this.bytes = this.bytes.slice();
    this.#isShared = false;
    this.#layers = undefined;
    this.#needsChecksums = true;
    return this.bytes;
  }

  pushTag(tpid: number): void {
    // Empty, as Open vSwitch makes it; a third costs the innermost.
    this.tags = [(tpid << 16) >>> 0, ...this.tags].slice(0, MAX_TAGS);
  }

  popTag(): void {
    this.tags = this.tags.slice(1);
  }

  /** The frame as it goes out. */
  frame(): Uint8Array {
    if (this.#needsChecksums) this.#sum();
    if (this.tags.length === 0) return this.bytes;
    const frame = new Uint8Array(this.bytes.length + this.tags.length * 4);
    frame.set(this.bytes.subarray(0, 12));
    this.tags.forEach((tag, index) => {
      putU16(frame, 12 + index * 4, tag >>> 16);
      putU16(frame, 14 + index * 4, tag & 0xffff);
    });
    frame.set(this.bytes.subarray(12), 12 + this.tags.length * 4);
    return frame;
  }

  #sum(): void {
    const { ipv4, ipv6, protocol, transport } = this.layers;
    const { bytes } = this;
    this.#needsChecksums = false;
    if (ipv4 >= 0) {
      const length = ((bytes[ipv4] ?? 0) & 0xf) * 4;
      putU16(bytes, ipv4 + 10, 0);
      putU16(bytes, ipv4 + 10, internetChecksum(bytes.subarray(ipv4, ipv4 + length)));
    }
    if (ipv6 >= 0 && protocol === 58 && transport >= 0) {
      const length = bytes.length - transport;
      putU16(bytes, transport + 2, 0);
      // RFC 8200, section 8.1: addresses, length, zeros and the protocol before the message itself.
      const pseudo = new Uint8Array(40 + length);
      pseudo.set(bytes.subarray(ipv6 + 8, ipv6 + 40));
      putU16(pseudo, 34, length);
      pseudo[39] = 58;
      pseudo.set(bytes.subarray(transport), 40);
      putU16(bytes, transport + 2, internetChecksum(pseudo));
    }
  }
}
