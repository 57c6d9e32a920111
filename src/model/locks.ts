// Locks: who may speak from a port, where not everybody may.
import { ipv6FromBytes } from "../../proto/bytes/ip.ts";
import { type Mac, macToBigInt } from "../../proto/bytes/mac.ts";
import { type Diagnostic, diagnostic } from "./diagnostic.ts";
import type { EndpointSetting, ObservedFact, PortFact } from "./facts.ts";
import { type Network, policyOf } from "./networks.ts";
import { shellWord } from "./shell-word.ts";

/** A MAC that may speak, and the addresses it may speak with. */
export interface Speaker {
  readonly mac: Mac;
  /** Sorted; with them goes the link-local address of the MAC. null: any address, and the MAC alone is locked. */
  readonly ips: readonly string[] | null;
}

/** Invariant: from a locked port nothing gets beyond GUARD but what one of these sends in its own name. */
export interface Lock {
  /** Sorted by MAC. Empty: nobody may speak. */
  readonly speakers: readonly Speaker[];
}

/** The address that RFC 4291, appendix A, makes out of a MAC. */
export function linkLocalOf(mac: Mac): string {
  const bytes = new Uint8Array(16);
  const value = macToBigInt(mac);
  const octet = (at: number): number => Number((value >> BigInt(8 * (5 - at))) & 0xffn);
  bytes.set([0xfe, 0x80]);
  bytes.set([octet(0) ^ 2, octet(1), octet(2), 0xff, 0xfe, octet(3), octet(4), octet(5)], 8);
  return ipv6FromBytes(bytes);
}

/** @param declared what configuration says of this port. */
export function lockOf(port: PortFact, network: Network, declared: readonly EndpointSetting[]): Lock | null {
  if (port.locked !== true && !policyOf(network).locked) return null;
  const ofPort = port.declaredIps ?? null;
  const ips = new Map<Mac, readonly string[] | null>(port.declaredMacs.map((mac) => [mac, ofPort]));
  for (const setting of declared) {
    if (setting.network !== null && setting.network !== network.name) continue;
    const known = ips.get(setting.mac) ?? ofPort;
    ips.set(setting.mac, setting.ips.length === 0 ? known : [...new Set([...(known ?? []), ...setting.ips])].sort());
  }
  const speakers = [...ips].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.freeze({ speakers: Object.freeze(speakers.map(([mac, own]) => Object.freeze({ mac, ips: own }))) });
}

/** What of a MAC that was heard counts at a locked port; null where nothing does. */
export function heardUnder<T extends Pick<ObservedFact, "mac" | "ips">>(lock: Lock | null, heard: T): T | null {
  if (lock === null) return heard;
  const speaker = lock.speakers.find((one) => one.mac === heard.mac);
  if (speaker === undefined) return null;
  if (speaker.ips === null) return heard;
  const own = new Set([...speaker.ips, linkLocalOf(speaker.mac)]);
  return heard.ips.every((ip) => own.has(ip)) ? heard : { ...heard, ips: heard.ips.filter((ip) => own.has(ip)) };
}

export function lockProblems(port: PortFact, locks: Iterable<Lock>): readonly Diagnostic[] {
  if ([...locks].every((lock) => lock.speakers.length > 0)) return [];
  return [
    diagnostic(
      "port/locked-silent",
      `port ${port.name} is locked and no MAC is declared for it: nobody can speak from there`,
      `ovs-vsctl set interface ${shellWord(port.name)} external_ids:attached-mac=aa:bb:cc:dd:ee:ff`,
    ),
  ];
}
