// What the two ends of a probe agree on.
export const UNICAST_PORT = 40_501;
export const BROADCAST_PORT = 40_502;
export const INTERVAL_MS = 10;

export type Kind = "unicast" | "broadcast";
export const KINDS: readonly Kind[] = ["unicast", "broadcast"];
