// A guest behind a port of a simulated host: it answers ARP and ping, and can ask.
import { internetChecksum } from "../../proto/packet/index.ts";
import { ipv4Number } from "./addresses.ts";

const BROADCAST = "ff:ff:ff:ff:ff:ff";
const PING_REQUEST = 8;
const PING_REPLY = 0;

function macBytes(mac: string): number[] {
  return mac.split(":").map((byte) => Number.parseInt(byte, 16));
}

function ipBytes(ip: string): number[] {
  return ip.split(".").map(Number);
}

function ethernet(to: string, from: string, type: number, payload: readonly number[]): Uint8Array {
  return Uint8Array.from([...macBytes(to), ...macBytes(from), type >>> 8, type & 0xff, ...payload]);
}

/** RFC 826. */
function arp(operation: 1 | 2, from: Guest, targetMac: string, targetIp: string): Uint8Array {
  const to = operation === 1 ? BROADCAST : targetMac;
  const target = operation === 1 ? [0, 0, 0, 0, 0, 0] : macBytes(targetMac);
  const header = [0, 1, 8, 0, 6, 4, 0, operation];
  return ethernet(to, from.mac, 0x0806, [
    ...header,
    ...macBytes(from.mac),
    ...ipBytes(from.ip),
    ...target,
    ...ipBytes(targetIp),
  ]);
}

/** RFC 792. */
function icmp(type: number, from: Guest, toMac: string, toIp: string, sequence: number): Uint8Array {
  const message = Uint8Array.from([
    type,
    0,
    0,
    0,
    0x57,
    0x45,
    sequence >>> 8,
    sequence & 0xff,
    ...new Array(48).fill(0),
  ]);
  const sum = internetChecksum(message);
  message[2] = sum >>> 8;
  message[3] = sum & 0xff;
  const length = 20 + message.length;
  const header = [
    0x45,
    0,
    length >>> 8,
    length & 0xff,
    0,
    0,
    0x40,
    0,
    64,
    1,
    0,
    0,
    ...ipBytes(from.ip),
    ...ipBytes(toIp),
  ];
  const ipSum = internetChecksum(Uint8Array.from(header));
  header[10] = ipSum >>> 8;
  header[11] = ipSum & 0xff;
  return ethernet(toMac, from.mac, 0x0800, [...header, ...message]);
}

export class Guest {
  readonly name: string;
  readonly mac: string;
  readonly ip: string;
  /** Frames that came, of any kind; counted, not kept. */
  received = 0;
  readonly #send: (frame: Uint8Array) => void;
  readonly #neighbours = new Map<string, string>();
  readonly #replies = new Map<number, number>();
  #sequence = 0;

  /** @param send puts a frame on the guest's wire */
  constructor(name: string, mac: string, ip: string, send: (frame: Uint8Array) => void) {
    this.name = name;
    this.mac = mac;
    this.ip = ip;
    this.#send = send;
  }

  /** What it knows of others' addresses is gone: the next ping asks first. */
  forgetNeighbours(): void {
    this.#neighbours.clear();
  }

  /** Any frame, as it is. */
  emit(frame: Uint8Array): void {
    this.#send(frame);
  }

  /** Tells its own address to everybody (RFC 5227, an announcement). */
  announce(): void {
    this.#send(arp(1, this, BROADCAST, this.ip));
  }

  /**
   * Asks for the address if it is not known, and pings it. All of it happens at once: frames in memory take no time.
   * @returns the number of answers: 1, 0 where it was lost, more where it was doubled
   */
  ping(ip: string): number {
    // Its own address is answered within its own system.
    if (ip === this.ip) return 1;
    if (!this.#neighbours.has(ip)) this.#send(arp(1, this, BROADCAST, ip));
    const mac = this.#neighbours.get(ip);
    if (mac === undefined) return 0;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#replies.set(this.#sequence, 0);
    this.#send(icmp(PING_REQUEST, this, mac, ip, this.#sequence));
    const answers = this.#replies.get(this.#sequence) ?? 0;
    this.#replies.delete(this.#sequence);
    return answers;
  }

  receive(frame: Uint8Array): void {
    this.received += 1;
    const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
    if (type === 0x0806 && frame.length >= 42) this.#arp(frame);
    else if (type === 0x0800 && frame.length >= 42 && frame[23] === 1) this.#icmp(frame);
  }

  #arp(frame: Uint8Array): void {
    const operation = frame[21];
    const [senderMac, senderIp] = [macText(frame, 22), ipText(frame, 28)];
    if (ipText(frame, 38) !== this.ip) return;
    this.#neighbours.set(senderIp, senderMac);
    if (operation === 1 && senderIp !== this.ip) this.#send(arp(2, this, senderMac, senderIp));
  }

  #icmp(frame: Uint8Array): void {
    if (macText(frame, 0) !== this.mac || ipText(frame, 30) !== this.ip) return;
    const sequence = ((frame[40] ?? 0) << 8) | (frame[41] ?? 0);
    if (frame[34] === PING_REQUEST) this.#send(icmp(PING_REPLY, this, macText(frame, 6), ipText(frame, 26), sequence));
    else if (frame[34] === PING_REPLY) {
      const count = this.#replies.get(sequence);
      if (count !== undefined) this.#replies.set(sequence, count + 1);
    }
  }
}

function macText(frame: Uint8Array, at: number): string {
  return [...frame.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

function ipText(frame: Uint8Array, at: number): string {
  return [...frame.subarray(at, at + 4)].join(".");
}

/** Whether it is an IPv4 address that a guest can have. */
export function isGuestIp(ip: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(ip) && ipv4Number(ip) !== 0n;
}
