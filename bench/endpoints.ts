// The guests of a benchmark: each has an address that follows from its number, on real and simulated hosts alike.
import type { Match } from "../proto/openflow13/index.ts";

/** What a flow for any of them matches, and for nobody else. */
export const BENCH_MACS = { value: 0x02bb_0000_0000n, mask: 0xffff_0000_0000n } as const;

export function macOf(number: number): string {
  return (BENCH_MACS.value + BigInt(number))
    .toString(16)
    .padStart(12, "0")
    .replace(/(..)(?!$)/g, "$1:");
}

/** 10.0.0.1 on. */
export function ipOf(number: number): string {
  return `10.${(number >>> 16) & 0xff}.${(number >>> 8) & 0xff}.${number & 0xff}`;
}

/** The endpoint that a flow leads to, by its match on a destination address; undefined for all other flows. */
export function destinationOf(match: Match): number | undefined {
  const found = match.find(({ field }) => field === "eth_dst");
  if (found === undefined || found.field === "unknown" || found.mask !== undefined) return undefined;
  const mac = BigInt(found.value);
  return (mac & BENCH_MACS.mask) === BENCH_MACS.value ? Number(mac - BENCH_MACS.value) : undefined;
}

export const portOf = (number: number): string => `b${number}`;
