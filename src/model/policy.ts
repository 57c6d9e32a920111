// What is allowed in a network, and how much of it: set by configuration, the same for all of its ports.

export interface NetworkPolicy {
  /** Unicast frames to a MAC that is not known: to everybody, or to nobody. */
  readonly unknownUnicast: "flood" | "drop";
  /** Multicast that neighbour discovery can do without. Broadcast always floods. */
  readonly multicast: "flood" | "drop";
  /** How many kilobits a second of frames to many one host lets in; null for any number. */
  readonly floodKbps: number | null;
  /** Whether every port of the network is locked. */
  readonly locked: boolean;
}

export const DEFAULT_POLICY: NetworkPolicy = Object.freeze({
  unknownUnicast: "flood",
  multicast: "flood",
  floodKbps: null,
  locked: false,
});
