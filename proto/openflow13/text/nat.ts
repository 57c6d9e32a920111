// nat(...) inside of ct in ovs-ofctl's syntax: "nat(src=10.0.0.1-10.0.0.9:1000-2000,random)".
import { ipv4FromNumber, ipv4ToNumber, ipv6FromBigInt, ipv6ToBigInt, isIpv4, isIpv6 } from "../../bytes/ip.ts";
import type { NxNat } from "../action-types.ts";
import { NX_NAT } from "../nicira/nat.ts";
import { parseSmall } from "./parse-value.ts";
import { type Item, splitItems, textError } from "./scan.ts";

const WORDS: readonly (readonly [bit: number, word: string])[] = [
  [NX_NAT.PERSISTENT, "persistent"],
  [NX_NAT.PROTO_HASH, "hash"],
  [NX_NAT.PROTO_RANDOM, "random"],
];

function formatRange(nat: NxNat): string {
  let out = "";
  if (nat.ipv4Min !== undefined) out += ipv4FromNumber(nat.ipv4Min);
  if (nat.ipv4Max !== undefined) out += `-${ipv4FromNumber(nat.ipv4Max)}`;
  if (nat.ipv6Min !== undefined) {
    const max = nat.ipv6Max === undefined ? "" : `-${ipv6FromBigInt(nat.ipv6Max)}`;
    const text = ipv6FromBigInt(nat.ipv6Min) + max;
    out += nat.protoMin === undefined ? text : `[${text}]`;
  }
  if (nat.protoMin !== undefined) out += `:${nat.protoMin}`;
  if (nat.protoMax !== undefined) out += `-${nat.protoMax}`;
  return out;
}

export function formatNat(nat: NxNat): string {
  const parts: string[] = [];
  const range = formatRange(nat);
  for (const [bit, word] of [
    [NX_NAT.SRC, "src"],
    [NX_NAT.DST, "dst"],
  ] as const) {
    if ((nat.flags & bit) !== 0) parts.push(range === "" ? word : `${word}=${range}`);
  }
  for (const [bit, word] of WORDS) if ((nat.flags & bit) !== 0) parts.push(word);
  return parts.length === 0 ? "nat" : `nat(${parts.join(",")})`;
}

type Writable = { -readonly [K in keyof NxNat]: NxNat[K] };

const RANGE = /^(?:\[([^\]]+)\]|([0-9.]+(?:-[0-9.]+)?)|([0-9a-f:.]+(?:-[0-9a-f:.]+)?))(?::(\d+)(?:-(\d+))?)?$/i;

function parseRange(item: Item, nat: Writable): void {
  const found = RANGE.exec(item.text);
  const addresses = found?.[1] ?? found?.[2] ?? found?.[3];
  if (found === null || addresses === undefined) throw textError(`"${item.text}" is no range of addresses`, item.at);
  const [min = "", max] = addresses.split("-", 2);
  if (isIpv4(min) && (max === undefined || isIpv4(max))) {
    nat.ipv4Min = ipv4ToNumber(min);
    if (max !== undefined) nat.ipv4Max = ipv4ToNumber(max);
  } else if (isIpv6(min) && (max === undefined || isIpv6(max))) {
    nat.ipv6Min = ipv6ToBigInt(min);
    if (max !== undefined) nat.ipv6Max = ipv6ToBigInt(max);
  } else throw textError(`"${addresses}" is no range of addresses`, item.at);
  if (found[4] !== undefined) nat.protoMin = parseSmall({ text: found[4], at: item.at }, 16);
  if (found[5] !== undefined) nat.protoMax = parseSmall({ text: found[5], at: item.at }, 16);
}

/** What stands inside of nat(...); undefined for "nat" alone. */
export function parseNat(argument: Item | undefined): NxNat {
  const nat: Writable = { kind: "nx_nat", flags: 0 };
  for (const item of argument === undefined ? [] : splitItems(argument.text, argument.at)) {
    const equals = item.text.indexOf("=");
    const name = equals < 0 ? item.text : item.text.slice(0, equals);
    const word = WORDS.find(([, text]) => text === name);
    if (word !== undefined) nat.flags |= word[0];
    else if (name === "src" || name === "dst") {
      nat.flags |= name === "src" ? NX_NAT.SRC : NX_NAT.DST;
      if (equals >= 0) parseRange({ text: item.text.slice(equals + 1), at: item.at + equals + 1 }, nat);
    } else throw textError(`nat has no "${name}"`, item.at);
  }
  return nat;
}
